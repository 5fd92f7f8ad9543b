package mschap

import (
	//lint:ignore SA1019 MS-CHAPv2 is made of MD4 (RFC 2759 section 8.3); nothing here relies on its strength
	libmd4 "golang.org/x/crypto/md4"
)

// md4Size is the length of a digest in bytes.
const md4Size = libmd4.Size

// md4 is the digest of RFC 1320, under which Windows keeps passwords.
func md4(message []byte) [md4Size]byte {
	h := libmd4.New()
	h.Write(message) // never fails, as package hash says
	return [md4Size]byte(h.Sum(nil))
}
