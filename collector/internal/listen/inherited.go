package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// firstFD is the number of the first socket that a process can be started with
// (sd_listen_fds(3): SD_LISTEN_FDS_START).
const firstFD = 3

// adopt listens on a socket that the process was started with. The listener is
// a copy: closing it leaves the socket open for whoever holds it, and for the
// receiver that a reload of the configuration makes next. Nothing is unlinked.
func adopt(fd int) (net.Listener, error) {
	accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return nil, fmt.Errorf("looking at descriptor %d: %w; the process must be started with a listening socket there", fd, err)
	}
	if accepts == 0 {
		return nil, fmt.Errorf("descriptor %d is a socket that does not listen", fd)
	}
	// A copy, since an os.File closes its descriptor when it is no longer used.
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, firstFD)
	if err != nil {
		return nil, fmt.Errorf("copying descriptor %d: %w", fd, err)
	}
	file := os.NewFile(uintptr(dup), fmt.Sprint("fd:", fd))
	listener, err := net.FileListener(file) // copies once more
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("listening on descriptor %d: %w", fd, err)
	}
	return listener, nil
}

// activated listens on a socket that came by socket activation
// (sd_listen_fds(3)): the one of that name, or the only one.
func activated(name string) (net.Listener, error) {
	fd, err := activatedFD(name, os.Getpid(), os.Getenv)
	if err != nil {
		return nil, err
	}
	return adopt(fd)
}

// activatedFD finds the number of a passed socket in the environment of the
// process.
func activatedFD(name string, pid int, getenv func(string) string) (int, error) {
	owner := getenv("LISTEN_PID")
	if owner == "" {
		return 0, errors.New("LISTEN_PID is not set: no socket was passed; start the collector by its socket unit (systemctl start plimsoll-collector.socket), or use fd:3")
	}
	if owner != strconv.Itoa(pid) {
		return 0, fmt.Errorf("LISTEN_PID is %s, this process is %d: the sockets are for another one", owner, pid)
	}
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || count < 1 {
		return 0, fmt.Errorf("LISTEN_FDS is %q: no socket was passed", getenv("LISTEN_FDS"))
	}
	if name == "" {
		if count > 1 {
			return 0, fmt.Errorf("%d sockets were passed; name one, as in systemd:als (FileDescriptorName= of its unit)", count)
		}
		return firstFD, nil
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	for i, n := range names[:min(len(names), count)] {
		if n == name {
			return firstFD + i, nil
		}
	}
	return 0, fmt.Errorf("no socket is named %q; those passed are named %q", name, names)
}
