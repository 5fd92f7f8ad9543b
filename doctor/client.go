package doctor

import (
	"ovpn-verify/verify/openvpn/serverconf"
)

// ClientNeeds is what logins need of users' profiles.
type ClientNeeds struct {
	Codes    bool // users are asked for a code
	Appended bool // and may put it behind the password
}

// ClientsUnseen is shown where nobody named a profile.
func ClientsUnseen(needs ClientNeeds) Area {
	lines := "auth-user-pass, remote-cert-tls server"
	if needs.Codes {
		lines = "auth-user-pass, auth-retry interact, remote-cert-tls server"
	}
	return Area{Name: "clients", Seen: "not looked at (--client-conf FILE); a profile needs " + lines}
}

// JudgeClient looks at a user's profile.
func JudgeClient(c *serverconf.Conf, needs ClientNeeds) Area {
	a := Area{Name: "clients", Seen: c.Path}
	at := serverconf.Place{File: c.Path}
	if !c.Has("auth-user-pass") {
		a.add(serverconf.Problem, at, "no auth-user-pass", "the client sends no name and password, and is refused", "auth-user-pass")
	}
	retry, found := c.Last("auth-retry")
	if needs.Codes && !needs.Appended && retry.Arg(1) != "interact" && !c.Has("static-challenge") {
		place := at
		if found {
			place = retry.Place
		}
		a.add(serverconf.Warning, place, "neither auth-retry interact nor static-challenge", "the client on the command line ends when it is asked for the code, and others that do not add the line by themselves", "auth-retry interact")
	}
	if !c.Has("remote-cert-tls", "verify-x509-name", "peer-fingerprint") {
		a.add(serverconf.Warning, at, "nothing says whose certificate the server has to show", "whoever has a client's certificate of the same authority can pose as the server, and collect passwords", "remote-cert-tls server")
	}
	if !c.Has("push-peer-info") {
		a.add(serverconf.Note, at, "no push-peer-info", "logins do not need it: without it the server learns of the device its OpenVPN and system alone", "push-peer-info")
	}
	return a
}
