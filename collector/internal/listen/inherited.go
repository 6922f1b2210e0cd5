package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// firstFD is the first descriptor that a service manager passes on
// (sd_listen_fds(3)).
const firstFD = 3

// descriptors are the sockets that were passed to this process.
type descriptors struct {
	names []string // of firstFD and those after it
	err   error    // why there are none
}

// passed reads what the service manager says of the sockets that it holds:
// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
func passed(getenv func(string) string, pid int) descriptors {
	if getenv("LISTEN_PID") != strconv.Itoa(pid) {
		return descriptors{err: errors.New("no socket was passed to this process: start it by its socket unit (systemctl start plimsoll-collector.socket)")}
	}
	n, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || n < 1 {
		return descriptors{err: fmt.Errorf("no socket was passed to this process: LISTEN_FDS is %q", getenv("LISTEN_FDS"))}
	}
	names := make([]string, n)
	copy(names, strings.Split(getenv("LISTEN_FDNAMES"), ":"))
	return descriptors{names: names}
}

// listener returns a listener over a copy of the named socket, or of the only one
// if no name is given. The socket itself
// stays open, also when the listener is closed: connections wait in its queue,
// and a reload of the configuration finds it again.
func (d descriptors) listener(name string) (net.Listener, error) {
	if d.err != nil {
		return nil, d.err
	}
	i := slices.Index(d.names, name)
	switch {
	case name == "" && len(d.names) > 1:
		return nil, fmt.Errorf("%d sockets were passed, %q: say which, as in systemd:als", len(d.names), d.names)
	case name == "":
		i = 0
	case i < 0:
		return nil, fmt.Errorf("no socket of this name was passed, only %q: set FileDescriptorName=%s in its unit", d.names, name)
	}
	return copyOf(firstFD + i)
}

func copyOf(fd int) (net.Listener, error) {
	if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || listens == 0 {
		return nil, errors.Join(fmt.Errorf("descriptor %d is no listening socket", fd), err)
	}
	unix.CloseOnExec(fd)
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("copying descriptor %d: %w", fd, err)
	}
	file := os.NewFile(uintptr(dup), "held socket")
	listener, err := net.FileListener(file) // makes a copy of its own
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listening on descriptor %d: %w", fd, err), file.Close())
	}
	return listener, file.Close()
}
