//go:build !portable

#include "textflag.h"

// Go code expects the goroutine in R28, which the assembler calls g, and a
// function's context in R26.
TEXT ·Entry(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVD	RSP, R0
	MOVD	R0, ·startStack(SB)
	MOVD	$·noGoroutine(SB), g
	MOVD	·earlyCode(SB), R26
	MOVD	(R26), R1
	SUB	$16, RSP
	CALL	(R1)
	MOVD	·startStack(SB), R0
	MOVD	R0, RSP
	JMP	_rt0_arm64_linux(SB)
