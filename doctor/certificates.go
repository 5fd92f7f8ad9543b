package doctor

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"ovpn-verify/verify/openvpn/serverconf"
)

// named are options with a file that has to be there when OpenVPN starts
// (src/openvpn/options.c, options_postprocess_filechecks).
var named = []string{"ca", "cert", "extra-certs", "key", "pkcs12", "dh", "tls-auth", "tls-crypt", "tls-crypt-v2", "auth-gen-token-secret", "crl-verify", "client-config-dir"}

// files that OpenVPN reads itself: without them it does not start, and with
// certificates whose time is over, or has not come, nobody connects.
func (s Server) files(a *Area) {
	for _, option := range named {
		d, found := s.Conf.Last(option)
		if !found || d.Arg(1) == "" || d.Arg(1) == "[inline]" || d.Arg(1) == "none" {
			continue
		}
		path := s.Conf.Resolve(d.Arg(1))
		if s.Conf.Has("chroot") && (option == "crl-verify" || option == "client-config-dir") {
			continue // read in there
		}
		if _, err := s.Host.Stat(path); errors.Is(err, fs.ErrNotExist) {
			mend := ""
			if option == "client-config-dir" {
				mend = "install -d -m 0755 " + path
			}
			a.add(serverconf.Problem, d.Place, fmt.Sprintf("%s %s: there is no such file or folder", option, path), "OpenVPN does not start", mend)
			continue
		}
		switch option {
		case "ca", "cert":
			s.certificates(a, d, path)
		case "crl-verify":
			s.revoked(a, d, path)
		case "client-config-dir":
			s.perUser(a, d, path)
		}
	}
}

// certificates: one that is good is enough, as an authority may be followed by the
// next one in the same file. The server's own is the first.
func (s Server) certificates(a *Area, d serverconf.Directive, path string) {
	var all []*x509.Certificate
	for _, block := range blocks(path, "CERTIFICATE") {
		if c, err := x509.ParseCertificate(block); err == nil {
			all = append(all, c)
		}
	}
	if d.Name() == "cert" && len(all) > 1 {
		all = all[:1]
	}
	wrong := ""
	for _, c := range all {
		switch {
		case s.Now.After(c.NotAfter):
			wrong = "has expired, on " + c.NotAfter.Format(time.DateTime)
		case s.Now.Before(c.NotBefore):
			wrong = "is not valid before " + c.NotBefore.Format(time.DateTime) + ", by this host's clock"
		default:
			return
		}
	}
	if wrong != "" {
		a.add(serverconf.Problem, d.Place, fmt.Sprintf("%s %s: the certificate %s", d.Name(), path, wrong), "nobody can connect until there is another one: clients refuse this server, or it refuses theirs", "")
	}
}

// revoked: OpenVPN refuses every certificate by a list that is out of date.
func (s Server) revoked(a *Area, d serverconf.Directive, path string) {
	verify, _ := s.Conf.Last("verify-client-cert")
	if d.Arg(2) == "dir" || verify.Arg(1) == "none" {
		return
	}
	for _, block := range blocks(path, "X509 CRL") {
		list, err := x509.ParseRevocationList(block)
		if err == nil && !list.NextUpdate.IsZero() && s.Now.After(list.NextUpdate) {
			a.add(serverconf.Problem, d.Place, fmt.Sprintf("crl-verify %s: the list is out of date since %s", path, list.NextUpdate.Format(time.DateTime)),
				"every client's certificate is refused until there is a new list from its authority (easyrsa gen-crl)", "")
			return
		}
	}
}

// perUser: OpenVPN reads these when it is its user already.
func (s Server) perUser(a *Area, d serverconf.Directive, path string) {
	who, known := s.Conf.Account(s.Host)
	if !known {
		return
	}
	shut, isShut := who.Shut(path+"/user", s.Host.Stat)
	if !isShut {
		return
	}
	severity, effect := serverconf.Warning, "users get none of the addresses and routes that are theirs"
	if s.Conf.Has("ccd-exclusive") {
		severity, effect = serverconf.Problem, "every login is refused (ccd-exclusive)"
	}
	a.add(severity, d.Place, fmt.Sprintf("%s cannot enter %s, where client-config-dir is", who.Name, shut), effect, "chmod a+x "+shut)
}

// blocks are those of one type in a PEM file; none where it cannot be read.
func blocks(path, kind string) (all [][]byte) {
	const longest = 4 << 20
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > longest {
		return nil
	}
	content, _ := os.ReadFile(path)
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			return all
		}
		if block.Type == kind {
			all = append(all, block.Bytes)
		}
	}
}
