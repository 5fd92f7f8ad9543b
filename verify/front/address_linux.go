package front

import "syscall"

// workerAddress names the worker in the abstract namespace: no file that could
// be left behind, a read-only disk or a chroot does not matter. The name is a
// hash of the user id, the configuration's path and of what stat tells of
// it and of this binary: after an upgrade or a changed configuration the next
// login finds no worker under the new name and starts one, while the old one
// finishes its jobs. Where paths lead elsewhere (another root or mount
// namespace), or the worker's environment would differ, the name differs too: a
// login must not be decided by another unit's users file.
func (p *process) workerAddress(config string) address {
	h := hashNumber(uint64(userID()), fnvOffset)
	h = hashText(config, h)
	_, binary := p.executable()
	h = hashStat(&binary, h)
	h = hashFile(config, h)
	h = hashInode("/", h)
	h = hashInode("/proc/self/ns/mnt", h)
	environment := p.workerEnvironment()
	for _, entry := range environment {
		if entry != nil {
			h = hashText(text(entry), h)
		}
	}
	const prefix = "ovpn-verify/"
	var name [len(prefix) + 16]byte
	copy(name[:], prefix)
	putHexadecimal(name[len(prefix):], h)
	return newAddress(name[:])
}

// FNV-1a, which needs no package of its own. It need not resist anybody: both
// ends check each other's user id, and the worker the configuration's path.
const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
)

func hashByte(b byte, h uint64) uint64 { return (h ^ uint64(b)) * fnvPrime }

func hashText(s string, h uint64) uint64 {
	for i := range len(s) {
		h = hashByte(s[i], h)
	}
	return hashByte(0, h)
}

func hashNumber(n, h uint64) uint64 {
	for range 8 {
		h = hashByte(byte(n), h)
		n >>= 8
	}
	return h
}

func hashInode(path string, h uint64) uint64 {
	var info syscall.Stat_t
	if stat(path, &info) != 0 {
		return hashByte(0, h)
	}
	return hashNumber(info.Ino, hashNumber(uint64(info.Dev), h))
}

func hashFile(path string, h uint64) uint64 {
	var info syscall.Stat_t
	if stat(path, &info) != 0 {
		return h
	}
	return hashStat(&info, h)
}

func hashStat(info *syscall.Stat_t, h uint64) uint64 {
	for _, n := range [...]uint64{
		uint64(info.Dev), info.Ino, uint64(info.Size), uint64(info.Mtim.Nano()), uint64(info.Ctim.Nano()),
	} {
		h = hashNumber(n, h)
	}
	return h
}

// putHexadecimal fills b with the last digits.
func putHexadecimal(b []byte, n uint64) {
	const digits = "0123456789abcdef"
	for i := range b {
		b[len(b)-1-i] = digits[n&15]
		n >>= 4
	}
}
