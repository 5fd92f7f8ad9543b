package front

import (
	"slices"
	"strings"
	"testing"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/openvpn"
)

// FuzzArguments: of what stands in server.conf nothing but --config and one file is
// understood, and a file of OpenVPN's is never taken for the configuration.
func FuzzArguments(f *testing.F) {
	f.Add("--config\nc\n/tmp/up", true)
	f.Add("/tmp/up\n--config=c", true)
	f.Add("--config\n/tmp/up", true)
	f.Add("--help", false)
	f.Add("check\nada", false)
	f.Fuzz(func(t *testing.T, typed string, appended bool) {
		args := append([]string{"ovpn-verify"}, strings.Split(typed, "\n")...)
		p, ok := newProcess(args, nil)
		if !ok {
			return // a NUL byte: no argument has one
		}
		a, wrong := p.parseArguments(appended)
		if wrong.before != "" {
			var l line
			l.addProblem(wrong)
			if problem := string(l.text[:l.length]); strings.ContainsFunc(problem, func(r rune) bool { return r < ' ' }) {
				t.Errorf("not for a log: %q", problem)
			}
			return
		}
		if a.config == "" || a.file != "" && (a.file[0] == '-' || !slices.Contains(args[1:], a.file)) {
			t.Errorf("%q: %+v", args, a)
		}
		last := args[len(args)-1]
		if appended && a.file != last && len(args) > 1 && a.config == last {
			t.Errorf("%q: OpenVPN's file became the configuration", args)
		}
		if explained := a.explain(args[1:]); !explained {
			t.Errorf("%q: more was understood than %+v", args, a)
		}
	})
}

// explain takes away what was understood; nothing may be left.
func (a arguments) explain(args []string) bool {
	files := 0
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--config":
			i++
		case strings.HasPrefix(args[i], "--config="):
		case args[i] == a.file:
			files++
		default:
			return false
		}
	}
	return files <= 1 && (files == 1) == (a.file != "")
}

// FuzzEnvironment: whatever OpenVPN puts into the environment reaches the worker
// as what it was, and only there: no value becomes another's.
func FuzzEnvironment(f *testing.F) {
	f.Add("ada", "pw", "laptop", "01", "192.0.2.7", "50123", "Initial")
	f.Add("", "SESS_ID_AT_x", "", "", "2001:db8::7%eth0", "-1", "Authenticated")
	f.Add("a\nb", "\xff", "username", "password", "script_type", "65536", "session_state")
	f.Fuzz(func(t *testing.T, user, password, name, serial, ip, port, state string) {
		environment := map[string]string{
			job.ScriptType: job.UserPassVerify, "username": user, "password": password, "common_name": name,
			"tls_serial_0": serial, "untrusted_ip": ip, "untrusted_port": port, "session_state": state,
		}
		p, ok := inEnvironment(environment)
		if !ok {
			return // a NUL byte: no environment has one
		}
		f := p.loginFrame("/etc/config", noResults)
		p.addCredentials(&f, "")
		frame, fits := f.Bytes()
		if !fits {
			return // refused
		}
		c, err := openvpn.ReadCall(frame)
		if err != nil {
			t.Fatalf("a frame of %d bytes: %v", len(frame), err)
		}
		if serial == "" {
			name = ""
		}
		if c.Event != openvpn.UserPassVerify || c.Config != "/etc/config" || c.HasReason || c.Username != user ||
			string(c.Password.Reveal()) != password || c.CommonName != name || c.SessionState != state {
			t.Errorf("%q became %+v", environment, c)
		}
		environment[job.ScriptType] = job.ClientConnect
		p, _ = inEnvironment(environment)
		f = p.sessionFrame("/etc/config")
		frame, _ = f.Bytes()
		session, err := openvpn.ReadCall(frame)
		if err != nil || session.Event != openvpn.ClientConnect || !session.Password.Empty() || session.Username != user || session.CommonName != name {
			t.Errorf("of a session: %+v, %v", session, err)
		}
	})
}

func inEnvironment(variables map[string]string) (process, bool) {
	var env []string
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	return newProcess(nil, env)
}
