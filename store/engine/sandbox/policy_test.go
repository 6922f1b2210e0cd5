package sandbox

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestHandledRightsByVersion holds figures of the kernel's documentation: the
// rights of each ABI version are a bit mask without gaps.
func TestHandledRightsByVersion(t *testing.T) {
	tests := []struct {
		abi            int
		fs, net, scope uint64
		size           uintptr
	}{
		{1, 1<<13 - 1, 0, 0, 8},
		{2, 1<<14 - 1, 0, 0, 8},
		{3, 1<<15 - 1, 0, 0, 8},
		{4, 1<<15 - 1, 3, 0, 16},
		{5, 1<<16 - 1, 3, 0, 16},
		{6, 1<<16 - 1, 3, 3, 24},
		{7, 1<<16 - 1, 3, 3, 24},
		{99, 1<<16 - 1, 3, 3, 24},
	}
	for _, tt := range tests {
		got := handled(tt.abi)
		if got.Handled_access_fs != tt.fs || got.Handled_access_net != tt.net || got.Scoped != tt.scope || attrSize(tt.abi) != tt.size {
			t.Errorf("abi %d: %+v in %d bytes, want fs %x, net %x, scope %x in %d", tt.abi, got, attrSize(tt.abi), tt.fs, tt.net, tt.scope, tt.size)
		}
	}
}

func TestReadingGrantsNoWriting(t *testing.T) {
	const writes = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REFER
	if rightsRead&writes != 0 {
		t.Errorf("rightsRead = %x holds rights to write", rightsRead)
	}
}
