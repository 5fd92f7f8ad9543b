package testbed

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// The names of Samba's domain.
const (
	ADRealm   = "example.org"
	ADBase    = "dc=example,dc=org"
	ADUsers   = "cn=users," + ADBase
	ADHost    = "dc1.example.org"
	ADBindDN  = "cn=vpn," + ADUsers
	ADSecret  = "Service-2000"
	ADGroup   = "cn=vpn-users," + ADUsers
	adAdmin   = "Administrator-2000"
	adNetBIOS = "EXAMPLE"
)

// Samba is an Active Directory domain controller on the ports 389 and 636 of the
// server namespace's loopback, with the service account ADBindDN and the
// group ADGroup, with
// the group engineers in it. There is one in a network.
type Samba struct {
	URL     string // ldaps://dc1.example.org; the name has to be known, see Hosts
	CAFile  string // of the authority that it made for itself, or of the network's
	Hosts   string // a line of hosts(5)
	LogPath string

	network *Network
	dir     string
	process *process
}

// ADUser is somebody in the domain.
type ADUser struct {
	Name, Password string
	Group          string // cn of the group of which it is a member; empty: none
	Extra          string // more lines of LDIF, such as "accountExpires: 1"
	Disabled       bool
}

var sambaReady = regexp.MustCompile(`samba: using 'single' process model`)

// StartSamba makes a domain and starts its controller, without Kerberos, DNS and
// file service. It shows a certificate that it made for itself: without alternative
// names, by an authority of its own.
func (n *Network) StartSamba(users ...ADUser) (*Samba, error) {
	dir := n.Path("samba")
	s := &Samba{
		URL: "ldaps://" + ADHost, Hosts: "127.0.0.1 localhost " + ADHost + "\n", network: n, dir: dir,
		CAFile: filepath.Join(dir, "private/tls/ca.pem"), LogPath: n.Path("samba.log"),
	}
	provision := exec.Command("samba-tool", "domain", "provision", "--targetdir="+dir, "--realm="+ADRealm, "--domain="+adNetBIOS,
		"--host-name=dc1", "--adminpass="+adAdmin, "--server-role=dc", "--dns-backend=NONE",
		"--option=interfaces=lo", "--option=bind interfaces only=yes")
	if _, err := output(provision); err != nil {
		return nil, fmt.Errorf("samba: %w", err)
	}
	n.atClose(s.stop, s.LogPath)
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, s.add(users)
}

// ShowCertificate starts the controller again with a certificate of the
// network's authority, for its name.
func (s *Samba) ShowCertificate() error {
	files, err := s.network.CA.Write(s.dir, "dc1", Cert{Name: ADHost, Hosts: []string{ADHost}})
	if err != nil {
		return fmt.Errorf("samba: %w", err)
	}
	s.CAFile = files.CA
	return errors.Join(s.stop(), s.start("--option=tls cafile="+files.CA, "--option=tls certfile="+files.Cert, "--option=tls keyfile="+files.Key))
}

func (s *Samba) stop() error {
	if s.process == nil {
		return nil
	}
	return s.process.stop()
}

func (s *Samba) start(options ...string) error {
	args := append([]string{"--interactive", "--configfile=" + s.dir + "/etc/smb.conf", "--model=single",
		"--option=server services=ldap", "--option=logging=file", "--option=pid directory=" + s.dir}, options...)
	var err error
	s.process, err = spawn(s.network.Command(context.Background(), s.network.ServerNS, "samba", args...), s.LogPath)
	if err != nil {
		return fmt.Errorf("samba: %w", err)
	}
	if _, err := s.process.waitLog(sambaReady, startTimeout); err != nil {
		return err
	}
	return poll(startTimeout, func() bool {
		listening, _ := s.network.Command(context.Background(), s.network.ServerNS, "ss", "-Hltn", "sport", "=", "636").Output()
		_, err := os.Stat(s.CAFile)
		return len(listening) > 0 && err == nil
	})
}

// add is one LDIF through the server. Passwords are UTF-16 in quotes
// (MS-ADTS section 3.1.1.3.1.5.1), and need a connection that hides them.
func (s *Samba) add(users []ADUser) error {
	users = append(slices.Clone(users), ADUser{Name: "vpn", Password: ADSecret})
	groups := map[string][]string{"vpn-users": {"engineers"}, "engineers": nil}
	var ldif strings.Builder
	for _, u := range users {
		control := 0x200 // NORMAL_ACCOUNT, MS-ADTS section 2.2.16
		if u.Disabled {
			control |= 0x2
		}
		fmt.Fprintf(&ldif, "dn: cn=%[1]s,%[2]s\nobjectClass: user\nsAMAccountName: %[1]s\nuserAccountControl: %[3]d\nunicodePwd:: %[4]s\n%[5]s\n\n",
			u.Name, ADUsers, control, adPassword(u.Password), u.Extra)
		if u.Group != "" {
			groups[u.Group] = append(groups[u.Group], u.Name)
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(groups), strings.Compare) {
		fmt.Fprintf(&ldif, "dn: cn=%[1]s,%[2]s\nobjectClass: group\nsAMAccountName: %[1]s\n", name, ADUsers)
		for _, member := range groups[name] {
			fmt.Fprintf(&ldif, "member: cn=%s,%s\n", member, ADUsers)
		}
		ldif.WriteString("\n")
	}
	cmd := s.network.Command(context.Background(), s.network.ServerNS, "ldapadd", "-x", "-H", "ldaps://127.0.0.1",
		"-D", "cn=administrator,"+ADUsers, "-w", adAdmin)
	cmd.Env = append(os.Environ(), "LDAPTLS_REQCERT=never")
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(ldif.String(), "\n\n\n", "\n\n"))
	_, err := output(cmd)
	return err
}

func adPassword(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(`"` + text + `"`)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return base64.StdEncoding.EncodeToString(b)
}
