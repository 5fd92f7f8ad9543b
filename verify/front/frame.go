package front

import "ovpn-verify/verify/front/job"

// frameStorage holds the one frame that a process makes.
var frameStorage [job.MaxFrame]byte

// loginFrame passes on what a login needs beside the credentials.
func (p *process) loginFrame(config string, files results) job.Frame {
	f := p.newFrame(config)
	if files.text >= 0 {
		f.Add(job.ReasonFile, "")
	}
	return f
}

// addCredentials adds what the credentials file holds. The environment's
// password is read only when there is no such file (via-env).
func (p *process) addCredentials(f *job.Frame, path string) {
	if path == "" {
		p.addVariables(f, "username", "password")
		return
	}
	f.Add(job.Credentials, readCredentials(path))
}

// sessionFrame passes on what tells one session from another. There is no
// password in these calls, and none is looked for.
func (p *process) sessionFrame(config string) job.Frame {
	f := p.newFrame(config)
	p.addVariables(&f, "username", "trusted_ip", "trusted_ip6", "trusted_port")
	return f
}

func (p *process) newFrame(config string) job.Frame {
	f := job.New(frameStorage[:])
	f.Add(job.Config, config)
	p.addVariables(&f, job.ScriptType,
		"common_name", "tls_serial_0", "untrusted_ip", "untrusted_ip6", "untrusted_port", "IV_PROTO",
		"session_id", "session_state", "daemon_pid", "daemon_start_time")
	return f
}

func (p *process) addVariables(f *job.Frame, names ...string) {
	for _, name := range names {
		if value, set := p.lookup(name); set {
			f.Add(name, value)
		}
	}
}
