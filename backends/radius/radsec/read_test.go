package radsec

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzReadPacket: packets are cut where their Length says, or not at all.
func FuzzReadPacket(f *testing.F) {
	packet := append([]byte{2, 7, 0, 24}, bytes.Repeat([]byte{1}, 20)...)
	f.Add(packet)
	f.Add(append(bytes.Clone(packet), packet...))
	f.Add(packet[:23])
	f.Add([]byte{2, 7, 0, 19})
	f.Add([]byte{2, 7, 16, 1})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		var read []byte
		for {
			packet, err := readPacket(r)
			if err != nil {
				break
			}
			if len(packet) < headerLen || len(packet) > maxPacket || len(packet) != int(binary.BigEndian.Uint16(packet[2:])) {
				t.Fatalf("%x was read as a packet", packet)
			}
			read = append(read, packet...)
		}
		if !bytes.HasPrefix(stream, read) {
			t.Errorf("%x came out of %x", read, stream)
		}
	})
}
