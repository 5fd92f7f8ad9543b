//go:build !portable

#include "textflag.h"

// After a call of assembly Go code takes the goroutine from where FS points to, one
// word before. The end of what stands in for it does for that until the runtime sets
// its own.
//
// The one that exits keeps the status in a register: the stack is the copy's from
// the second system call on.
TEXT ·exitBeforeCopy(SB),NOSPLIT,$0-24
	MOVQ	R14, 504(R14)
	LEAQ	512(R14), SI
	MOVL	$0x1002, DI // ARCH_SET_FS
	MOVL	$158, AX // arch_prctl
	SYSCALL
	MOVQ	flags+0(FP), DI
	MOVQ	status+8(FP), R12
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	MOVL	$56, AX // clone
	SYSCALL
	TESTQ	AX, AX
	JEQ	copy
	JLT	failed
exit:
	MOVQ	R12, DI
	MOVL	$231, AX // exit_group
	SYSCALL
	JMP	exit
failed:
	NEGQ	AX
copy:
	MOVQ	AX, ret+16(FP)
	RET
