// Package openvpn is the contract with the daemon: what it tells of a login or a
// session, and the files in which it reads the answer.
package openvpn

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/secret"
)

// Event is why OpenVPN calls, its variable script_type.
type Event string

// The events that are answered; a call for any other is refused.
const (
	UserPassVerify   Event = job.UserPassVerify   // somebody wants in, or renegotiates
	ClientConnect    Event = job.ClientConnect    // a login was accepted and its session begins
	ClientDisconnect Event = job.ClientDisconnect // a session has ended
)

// Call is one call by OpenVPN. Of client-connect and client-disconnect there is
// no Password and no HasReason; with username-as-common-name the CommonName of a
// client with a certificate is the user name there.
type Call struct {
	Event       Event
	Config      string      // absolute path of the configuration that front was told
	Username    string      // as typed, any bytes
	Password    secret.Text // the password field as it came: plain, SCRV1, CRV1 or a token
	CommonName  string      // of the client's certificate, empty without one
	ClientIP    netip.Addr  // the zero Addr when OpenVPN named none
	ClientPort  uint16      // where the connection comes from, 0 when OpenVPN named none
	ClientProto string      // IV_PROTO: the client's abilities, as it claims
	HasReason   bool        // a reason file came along, so that a text reaches the client

	// Of auth-gen-token (src/openvpn/auth_token.c, add_session_token_env), both
	// empty without it. Neither is what a client says: OpenVPN has checked it.
	SessionID    string // the same at all events of a session, and when a client comes back with its token
	SessionState string // of the last login: "Initial", "Authenticated", "Expired", "Invalid", "AuthenticatedEmptyUser", "ExpiredEmptyUser"
	Daemon       string // names the daemon's process, the same at all its calls: "daemon_pid/daemon_start_time"
}

// ErrNoCredentials is the answer to a login without user name or password.
var ErrNoCredentials = errors.New("openvpn: the call holds no user name and password")

// ReadCall decodes the frame that front made. Everything but the credentials is
// filled in also when it returns ErrNoCredentials.
func ReadCall(frame []byte) (Call, error) {
	fields, ok := job.Decode(frame)
	if !ok {
		return Call{}, errors.New("openvpn: the job is damaged or of another version")
	}
	c := Call{
		Event:        Event(fields[job.ScriptType]),
		Config:       string(fields[job.Config]),
		CommonName:   commonName(fields),
		ClientProto:  string(fields["IV_PROTO"]),
		SessionID:    string(fields["session_id"]),
		SessionState: string(fields["session_state"]),
		Daemon:       daemon(fields),
	}
	c.ClientIP, c.ClientPort = clientAddress(fields)
	switch c.Event {
	case UserPassVerify:
		_, c.HasReason = fields[job.ReasonFile]
		username, password, err := credentials(fields)
		c.Username, c.Password = string(username), secret.New(password)
		return c, err
	case ClientConnect, ClientDisconnect:
		c.Username = string(fields["username"])
		return c, nil
	}
	return Call{}, fmt.Errorf("openvpn: a job for %.30q", c.Event)
}

// credentials reads the first two lines of the via-file file, or via-env's variables.
func credentials(fields map[string][]byte) (username, password []byte, err error) {
	file, viaFile := fields[job.Credentials]
	if !viaFile {
		username, hasName := fields["username"]
		password, hasPassword := fields["password"]
		if !hasName || !hasPassword {
			return nil, nil, ErrNoCredentials
		}
		return username, password, nil
	}
	username, rest, found := bytes.Cut(file, []byte("\n"))
	if !found {
		return nil, nil, ErrNoCredentials
	}
	password, _, _ = bytes.Cut(rest, []byte("\n"))
	return username, password, nil
}

// commonName is empty without a certificate. From client-connect on, OpenVPN
// would have it be the user name then (username-as-common-name), also when the
// session is renegotiated; only with a certificate there is a serial number
// (src/openvpn/ssl_verify.c, verify_cert_set_env).
func commonName(fields map[string][]byte) string {
	if len(fields["tls_serial_0"]) == 0 {
		return ""
	}
	return string(fields["common_name"])
}

// clientAddress prefers untrusted_*, the address of the last login: trusted_* is
// that of the moment, which differs once a client has roamed (float), and a
// session is to be found again by what its login brought.
func clientAddress(fields map[string][]byte) (netip.Addr, uint16) {
	for _, prefix := range [...]string{"untrusted_", "trusted_"} {
		for _, name := range [...]string{"ip", "ip6"} {
			ip, err := netip.ParseAddr(string(fields[prefix+name]))
			if err != nil {
				continue
			}
			return ip.Unmap(), port(fields[prefix+"port"])
		}
	}
	return netip.Addr{}, 0
}

func port(digits []byte) uint16 {
	n, err := strconv.ParseUint(string(digits), 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// daemon is empty unless both of its parts are there: a process id alone comes back.
func daemon(fields map[string][]byte) string {
	pid, start := fields["daemon_pid"], fields["daemon_start_time"]
	if len(pid) == 0 || len(start) == 0 {
		return ""
	}
	return string(pid) + "/" + string(start)
}
