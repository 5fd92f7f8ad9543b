package front

import (
	"syscall"

	"ovpn-verify/verify/front/job"
)

// loginFrame passes on what a login needs beside the credentials.
func loginFrame(config string, files results) []byte {
	f := newFrame(config)
	if files.text >= 0 {
		f = job.Append(f, job.ReasonFile, "")
	}
	return f
}

// credentialFields adds what the credentials file holds. The environment's
// password is read only when there is no such file (via-env).
func credentialFields(f []byte, path string) []byte {
	if path == "" {
		return appendVariables(f, "username", "password")
	}
	credentials, err := readFile(path)
	if err != nil {
		refuse("credentials file " + quote(path) + ": " + err.Error())
	}
	return job.Append(f, job.Credentials, credentials)
}

// sessionFrame passes on what tells one session from another. There is no
// password in these calls, and none is looked for.
func sessionFrame(config string) []byte {
	return appendVariables(newFrame(config), "username", "trusted_ip", "trusted_ip6", "trusted_port")
}

func newFrame(config string) []byte {
	f := job.Append(job.New(make([]byte, 0, 4<<10)), job.Config, config)
	return appendVariables(f, job.ScriptType,
		"common_name", "tls_serial_0", "untrusted_ip", "untrusted_ip6", "untrusted_port", "IV_PROTO",
		"session_id", "session_state", "daemon_pid", "daemon_start_time")
}

func appendVariables(f []byte, names ...string) []byte {
	for _, name := range names {
		if value, set := syscall.Getenv(name); set {
			f = job.Append(f, name, value)
		}
	}
	return f
}
