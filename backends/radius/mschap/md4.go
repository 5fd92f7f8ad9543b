package mschap

import (
	"encoding/binary"
	"math/bits"
)

// md4Size is the length of a digest in bytes.
const md4Size = 16

// md4 is the digest of RFC 1320, under which Windows keeps passwords. It has
// been broken for decades and is here for this protocol alone; the standard
// library has none.
func md4(message []byte) [md4Size]byte {
	padded := append(message[:len(message):len(message)], 0x80)
	for len(padded)%64 != 56 {
		padded = append(padded, 0)
	}
	padded = binary.LittleEndian.AppendUint64(padded, uint64(len(message))*8)

	state := [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}
	for len(padded) > 0 {
		md4Block(&state, padded[:64])
		padded = padded[64:]
	}
	var digest [md4Size]byte
	for i, word := range state {
		binary.LittleEndian.PutUint32(digest[4*i:], word)
	}
	return digest
}

// md4Round is one of the three rounds of RFC 1320 section 3.4: what is added in
// each step, the order of the words, and by how much a step rotates.
type md4Round struct {
	constant uint32
	order    [16]int
	rotate   [4]int
	mix      func(x, y, z uint32) uint32
}

var md4Rounds = [3]md4Round{
	{
		0, [16]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, [4]int{3, 7, 11, 19},
		func(x, y, z uint32) uint32 { return x&y | ^x&z },
	},
	{
		0x5a827999, [16]int{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}, [4]int{3, 5, 9, 13},
		func(x, y, z uint32) uint32 { return x&y | x&z | y&z },
	},
	{
		0x6ed9eba1, [16]int{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}, [4]int{3, 9, 11, 15},
		func(x, y, z uint32) uint32 { return x ^ y ^ z },
	},
}

// md4Block takes in 64 bytes.
func md4Block(state *[4]uint32, block []byte) {
	a, b, c, d := state[0], state[1], state[2], state[3]
	for _, round := range md4Rounds {
		for i, at := range round.order {
			word := binary.LittleEndian.Uint32(block[4*at:])
			sum := a + round.mix(b, c, d) + word + round.constant
			a, b, c, d = d, bits.RotateLeft32(sum, round.rotate[i%4]), b, c
		}
	}
	state[0] += a
	state[1] += b
	state[2] += c
	state[3] += d
}
