// Package sandbox confines a process to a few paths by Landlock, a security
// module of the Linux kernel that needs no privileges.
//
// A Landlock domain belongs to a thread, and a Go program cannot enter one on
// all its threads once purego is linked in (syscall.AllThreadsSyscall refuses).
// So Exec restricts one thread and replaces the program on it: the new program
// starts inside of the domain with every thread it will ever have. What it needs
// from outside, such as a listening socket, it inherits as an open file.
//
// Rules are best effort: rights that a kernel does not know are left out, and a
// kernel without Landlock makes Exec return ErrUnsupported.
package sandbox
