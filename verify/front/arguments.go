package front

import "syscall"

// maxArguments bounds what is read of the command line, in bytes.
const maxArguments = 16 << 10

type arguments struct {
	config string
	file   string // with the credentials or for the client's directives; empty: none
}

// parseArguments understands `[--config FILE] [FILE]` and nothing else: a typo
// in server.conf must not be taken for a login. appended says that OpenVPN itself
// has put a file last.
func parseArguments(args []string, appended bool) (a arguments, problem string) {
	a.config = defaultConfig
	if path, set := syscall.Getenv("OVPN_VERIFY_CONFIG"); set && path != "" {
		a.config = path
	}
	const flag = "--config"
	configIsLast := false
	for i := 1; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == flag && i+1 < len(args):
			i++
			a.config = args[i]
			configIsLast = i+1 == len(args)
		case len(arg) > len(flag)+1 && arg[:len(flag)+1] == flag+"=":
			a.config = arg[len(flag)+1:]
		case arg == "" || arg[0] == '-':
			return a, "unknown argument " + quote(arg) + "; OpenVPN may be given --config FILE only"
		case a.file != "":
			return a, "unexpected argument " + quote(arg) + " beside OpenVPN's own file"
		default:
			a.file = arg
		}
	}
	// With `--config` alone in server.conf OpenVPN's file would be read as the
	// configuration, and quoted in errors.
	if configIsLast && appended || a.config == "" {
		return a, flag + " lacks its file"
	}
	return a, ""
}

// commandLine reads the process's arguments without package os.
func commandLine() ([]string, bool) {
	b, err := readUpTo("/proc/self/cmdline", maxArguments)
	if err != nil || len(b) == 0 || b[len(b)-1] != 0 {
		return nil, false
	}
	var args []string
	start := 0
	for i, c := range b {
		if c == 0 {
			args = append(args, string(b[start:i]))
			start = i + 1
		}
	}
	return args, true
}

func absolute(path string) string {
	if path != "" && path[0] == '/' {
		return path
	}
	dir, err := syscall.Getwd()
	if err != nil {
		refuse("the folder that " + quote(path) + " is relative to: " + err.Error())
	}
	return dir + "/" + path
}

// quote makes outside text safe for a log line.
func quote(s string) string {
	const most = 100
	b := []byte{'"'}
	for i := range len(s) {
		if i == most {
			b = append(b, "…"...)
			break
		}
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			c = '?'
		}
		b = append(b, c)
	}
	return string(append(b, '"'))
}
