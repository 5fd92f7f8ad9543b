package front

import "unsafe"

type arguments struct {
	config string
	file   string // with the credentials or for the client's directives; empty: none
}

// parseArguments understands `[--config FILE] [FILE]` and nothing else: a typo
// in server.conf must not be taken for a login. appended says that OpenVPN itself
// has put a file last.
func (p *process) parseArguments(appended bool) (a arguments, wrong problem) {
	a.config = defaultConfig
	if path := p.value("OVPN_VERIFY_CONFIG"); path != "" {
		a.config = path
	}
	const flag = "--config"
	configIsLast := false
	for i := 1; i < len(p.args); i++ {
		switch arg := p.argument(i); {
		case arg == flag && i+1 < len(p.args):
			i++
			a.config = p.argument(i)
			configIsLast = i+1 == len(p.args)
		case len(arg) > len(flag)+1 && arg[:len(flag)+1] == flag+"=":
			a.config = arg[len(flag)+1:]
		case arg == "":
			return a, problem{before: "an argument is empty; OpenVPN may be given --config FILE only"}
		case arg[0] == '-':
			return a, problem{before: "unknown argument", outside: arg, after: "; OpenVPN may be given --config FILE only"}
		case a.file != "":
			return a, problem{before: "unexpected argument", outside: arg, after: " beside OpenVPN's own file"}
		default:
			a.file = arg
		}
	}
	// With `--config` alone in server.conf OpenVPN's file would be read as the
	// configuration, and quoted in errors.
	if configIsLast && appended || a.config == "" {
		return a, problem{before: flag + " lacks its file"}
	}
	return a, problem{}
}

// pathMax is what the kernel takes as a path, in bytes, the NUL included (PATH_MAX).
const pathMax = 4096

// absolutePath is where absolute puts the configuration's path, behind it a NUL.
var absolutePath [pathMax]byte

// absolute refuses what no file can be called.
func absolute(path string) string {
	n := 0
	if path[0] != '/' {
		var e errno
		if n, e = workingFolder(absolutePath[:]); e != 0 || n+1 >= len(absolutePath) || absolutePath[0] != '/' { // (unreachable), getcwd(2)
			refuse(problem{before: "the folder that", outside: path, after: " is relative to", cause: e})
		}
		absolutePath[n] = '/'
		n++
	}
	copied := copy(absolutePath[n:len(absolutePath)-1], path)
	if copied < len(path) {
		refuse(problem{before: "the path", outside: path, after: " is too long"})
	}
	absolutePath[n+copied] = 0
	return unsafe.String(&absolutePath[0], n+copied)
}
