package state

import (
	"fmt"
	"os"
	"syscall"
)

// mapping is the file's pages for a tree. It holds neither lock nor descriptor.
type mapping struct {
	info os.FileInfo // of the file
	b    []byte
}

// of returns the file's first pages. They are there: a fault would be one of a file
// that is cut short meanwhile.
func (m *mapping) of(f *os.File, info os.FileInfo, pages uint64) ([]byte, error) {
	if m.b != nil && os.SameFile(m.info, info) && pages*pageSize <= uint64(len(m.b)) {
		return m.b[:pages*pageSize], nil
	}
	m.close()
	b, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	m.info, m.b = info, b
	return b[:pages*pageSize], nil
}

func (m *mapping) close() {
	if m.b != nil {
		_ = syscall.Munmap(m.b)
	}
	m.b = nil
}
