// Package openvpn is the contract with the daemon: what it tells of a login,
// and the files in which it reads the verdict.
package openvpn

import (
	"bytes"
	"errors"
	"net/netip"

	"ovpn-verify/verify/front/job"
	"ovpn-verify/verify/secret"
)

// Call is one call of auth-user-pass-verify.
type Call struct {
	Config      string      // absolute path of the configuration that front was told
	Username    string      // as typed, any bytes
	Password    secret.Text // the password field as it came: plain, SCRV1, CRV1 or a token
	CommonName  string      // of the client's certificate, empty without one
	ClientIP    netip.Addr  // the zero Addr when OpenVPN named none
	ClientProto string      // IV_PROTO: the client's abilities, as it claims
	HasReason   bool        // a reason file came along, so that a text reaches the client
}

// ErrNoCredentials is the answer to a call without user name or password.
var ErrNoCredentials = errors.New("openvpn: the call holds no user name and password")

// ReadCall decodes the frame that front made. Call.Config is filled in also
// when there are no credentials.
func ReadCall(frame []byte) (Call, error) {
	fields, ok := job.Decode(frame)
	if !ok {
		return Call{}, errors.New("openvpn: the job is damaged or of another version")
	}
	_, hasReason := fields[job.ReasonFile]
	c := Call{
		Config:      string(fields[job.Config]),
		CommonName:  string(fields["common_name"]),
		ClientIP:    clientIP(fields),
		ClientProto: string(fields["IV_PROTO"]),
		HasReason:   hasReason,
	}
	username, password, err := credentials(fields)
	c.Username, c.Password = string(username), secret.New(password)
	return c, err
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

func clientIP(fields map[string][]byte) netip.Addr {
	for _, name := range [...]string{"untrusted_ip", "untrusted_ip6"} {
		if ip, err := netip.ParseAddr(string(fields[name])); err == nil {
			return ip.Unmap()
		}
	}
	return netip.Addr{}
}
