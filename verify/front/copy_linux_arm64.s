//go:build !portable

#include "textflag.h"

// The one that exits keeps the status in a register: the stack is the copy's from
// the system call on.
TEXT ·exitBeforeCopy(SB),NOSPLIT,$0-24
	MOVD	flags+0(FP), R0
	MOVD	status+8(FP), R19
	MOVD	ZR, R1
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	MOVD	$220, R8 // clone
	SVC
	CBZ	R0, copy
	TBNZ	$63, R0, failed
exit:
	MOVD	R19, R0
	MOVD	$94, R8 // exit_group
	SVC
	JMP	exit
failed:
	NEG	R0, R0
copy:
	MOVD	R0, ret+16(FP)
	RET
