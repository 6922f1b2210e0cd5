package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrUnsupported is returned by Exec where the kernel offers no Landlock.
var ErrUnsupported = errors.New("kernel without landlock")

// Exec replaces the running program by argv inside of the policy. Like execve it
// returns only on error. Files opened without close-on-exec stay open.
func Exec(policy Policy, argv, env []string) error {
	runtime.LockOSThread() // for good: the thread is confined even if execve fails
	if err := restrict(policy); err != nil {
		return err
	}
	return fmt.Errorf("executing %s inside of the sandbox: %w", argv[0], unix.Exec(argv[0], argv, env))
}

// Supported returns nil where Exec can confine, else why not.
func Supported() error {
	_, err := version()
	return err
}

// version asks for the kernel's ABI version.
func version() (int, error) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, fmt.Errorf("%w: %w", ErrUnsupported, errno)
	}
	return int(abi), nil
}

// restrict confines the calling thread.
func restrict(policy Policy) error {
	abi, err := version()
	if err != nil {
		return err
	}
	attr := handled(abi)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), attrSize(abi), 0)
	if errno != 0 {
		return fmt.Errorf("creating landlock ruleset: %w", errno)
	}
	defer unix.Close(int(fd)) //nolint:errcheck // nothing was written to it
	if err := addRules(int(fd), policy, attr.Handled_access_fs); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("giving up new privileges: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return fmt.Errorf("entering landlock domain: %w", errno)
	}
	return nil
}

func addRules(ruleset int, policy Policy, all uint64) error {
	for _, path := range policy.ReadWrite {
		if err := addRule(ruleset, path, all&^unix.LANDLOCK_ACCESS_FS_EXECUTE); err != nil {
			return err
		}
	}
	for _, path := range policy.ReadOnly {
		if err := addRule(ruleset, path, all&rightsRead); err != nil {
			return err
		}
	}
	return nil
}

// addRule grants rights on path and what lies beneath it.
func addRule(ruleset int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening %s for the sandbox: %w", path, err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written to it
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("reading kind of %s: %w", path, err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= rightsFile
	}
	// struct landlock_path_beneath_attr is packed: 12 bytes, as the kernel reads.
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("granting %s in the sandbox: %w", path, errno)
	}
	return nil
}
