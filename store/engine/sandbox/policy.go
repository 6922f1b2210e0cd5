package sandbox

import "golang.org/x/sys/unix"

// Policy is what a confined process may still touch. All else on the file system
// is out of reach, and so are new TCP sockets (not MPTCP, which the kernel leaves
// out) and signals to processes outside. Paths that do not exist are skipped.
type Policy struct {
	ReadWrite []string // directories and files
	ReadOnly  []string // may also be executed
}

const (
	rightsRead = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	// rightsFile are the rights that may be granted on what is not a directory.
	rightsFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	// rightsFirst are those of the first version of the interface.
	rightsFirst = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1
)

// handled are the rights a ruleset takes away, by the kernel's ABI version, from
// the kernel's Documentation/userspace-api/landlock.rst.
func handled(abi int) unix.LandlockRulesetAttr {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: rightsFirst}
	if abi >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if abi >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return attr
}

// attrSize is how much of the attribute a kernel of the given ABI knows, in bytes.
func attrSize(abi int) uintptr {
	switch {
	case abi < 4:
		return 8
	case abi < 6:
		return 16
	}
	return 24
}
