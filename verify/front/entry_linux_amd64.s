//go:build !portable

#include "textflag.h"

// Go code expects the goroutine in R14 and zero in X15 (ABIInternal). The stack
// pointer is a multiple of 16 here, as the kernel leaves it.
TEXT ·Entry(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVQ	SP, ·startStack(SB)
	LEAQ	·noGoroutine(SB), R14
	XORPS	X15, X15
	MOVQ	·earlyCode(SB), DX
	MOVQ	(DX), AX
	CALL	AX
	MOVQ	·startStack(SB), SP
	JMP	_rt0_amd64_linux(SB)
