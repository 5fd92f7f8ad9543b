// Package job is the frame in which front hands a call to the worker: named
// fields, each with its length, so that no value can be mistaken for another.
// It imports nothing and a Frame allocates nothing, because front runs before
// Go's runtime has started.
package job

// MaxFrame bounds a frame in bytes. It holds a password field of 4,096 bytes,
// the largest that OpenVPN carries (USER_PASS_LEN with PKCS#11), several times
// over, and fits a pipe's buffer (64 KiB on Linux), so that writing it never waits.
const MaxFrame = 32 << 10

// The fields that front adds to what it passes on from the environment.
const (
	Config      = "config"      // absolute path of the configuration
	Credentials = "credentials" // content of the via-file file, as it is
	ReasonFile  = "reason_file" // present when a reason file comes along
)

// ScriptType is the field, and OpenVPN's variable, that names the event. A frame
// without one of these is no job.
const (
	ScriptType = "script_type"

	UserPassVerify   = "user-pass-verify"
	ClientConnect    = "client-connect"
	ClientDisconnect = "client-disconnect"
)

// KeepOut are the directives by which client-connect refuses a client whatever its
// deferred file says (--disable; src/openvpn/multi.c, multi_connection_established).
const KeepOut = "disable\n"

// version changes when the frame's form does; the other end declines what it does not know.
const version = 1

const header = 5 // one byte of name length, four of value length, big endian

// Frame is put together in storage of the maker's.
type Frame struct {
	storage []byte
	length  int
	full    bool
}

// New starts a frame, which can become as long as its storage.
func New(storage []byte) Frame {
	storage[0] = version
	return Frame{storage: storage, length: 1}
}

// Add adds a field. name is one of our own constants, shorter than 256 bytes. A
// field that does not fit is left out, and the frame is no good: see Bytes.
func (f *Frame) Add(name, value string) {
	n := len(value)
	rest := f.storage[f.length:]
	if len(rest) < header+len(name) || len(rest)-header-len(name) < n {
		f.full = true
		return
	}
	rest[0], rest[1], rest[2], rest[3], rest[4] = byte(len(name)), byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	copy(rest[header:], name)
	copy(rest[header+len(name):], value)
	f.length += header + len(name) + n
}

// Bytes is the frame. ok is false when something did not fit.
func (f *Frame) Bytes() (frame []byte, ok bool) { return f.storage[:f.length], !f.full }

// Decode returns the fields; the values point into frame. ok is false for a
// frame that is cut, has another version, or names a field twice.
func Decode(frame []byte) (fields map[string][]byte, ok bool) {
	if len(frame) < 1 || len(frame) > MaxFrame || frame[0] != version {
		return nil, false
	}
	fields = map[string][]byte{}
	for rest := frame[1:]; len(rest) > 0; {
		if len(rest) < header {
			return nil, false
		}
		nameLen := int(rest[0])
		valueLen := int(rest[1])<<24 | int(rest[2])<<16 | int(rest[3])<<8 | int(rest[4])
		rest = rest[header:]
		// A length of 2³¹ or more is negative where int has 32 bits.
		if nameLen > len(rest) || valueLen < 0 || valueLen > len(rest)-nameLen {
			return nil, false
		}
		name := string(rest[:nameLen])
		if _, twice := fields[name]; twice {
			return nil, false
		}
		fields[name] = rest[nameLen : nameLen+valueLen : nameLen+valueLen]
		rest = rest[nameLen+valueLen:]
	}
	return fields, true
}
