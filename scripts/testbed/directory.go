package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// DirectoryUser is somebody in the directory of Slapd.
type DirectoryUser struct {
	UID      string
	Password string
	VPN      bool   // member of LDAPVPNGroup
	rdn      string // with the escapes of RFC 4514, section 2.4
	extra    string
}

// DirectoryUsers are the people there. Frank's account locks after three wrong
// passwords; Grace has to change her password: she can bind, and ppolicy refuses
// her everything else. Dan is in the group only through another group in it.
var DirectoryUsers = []DirectoryUser{
	{UID: "ada", Password: "lovelace-1815", VPN: true, rdn: "uid=ada"},
	{UID: "bob", Password: "bob secret", rdn: "uid=bob"},
	{UID: "zoë", Password: "pässwörd", VPN: true, rdn: "uid=zoë"},
	{UID: "smith, ann (it)", Password: "ann's * secret", VPN: true, rdn: `uid=smith\, ann (it)`},
	{UID: "dan", Password: "dan secret", rdn: "uid=dan"},
	{UID: "frank", Password: "frank secret", VPN: true, rdn: "uid=frank", extra: policy("lock")},
	{UID: "grace", Password: "grace secret", VPN: true, rdn: "uid=grace", extra: "pwdReset: TRUE\n" + policy("change")},
}

// DN is the user's distinguished name.
func (u DirectoryUser) DN() string { return u.rdn + "," + LDAPPeople }

func policy(name string) string {
	return "pwdPolicySubentry: cn=" + name + ",ou=policies," + LDAPBase + "\n"
}

const slapdConf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile $dir/pid
TLSCertificateFile $cert
TLSCertificateKeyFile $key
TLSCACertificateFile $ca
$global
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw "admin secret"
directory $dir/db
maxsize 16777216
index objectClass,uid,member eq
$database
access to attrs=userPassword by anonymous auth by self write by * none
access to * by dn.exact="cn=vpn,ou=services,dc=example,dc=org" read by dn.regex="^gidNumber=[0-9]+[+]uidNumber=[0-9]+,cn=peercred,cn=external,cn=auth" read by self read by * none
overlay memberof
overlay ppolicy
ppolicy_use_lockout
`

const baseLDIF = `dn: dc=example,dc=org
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: ou=services,dc=example,dc=org
objectClass: organizationalUnit
ou: services

dn: ou=policies,dc=example,dc=org
objectClass: organizationalUnit
ou: policies

dn: cn=vpn,ou=services,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: vpn
userPassword: service secret

dn: cn=lock,ou=policies,dc=example,dc=org
objectClass: applicationProcess
objectClass: pwdPolicy
cn: lock
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 3

dn: cn=change,ou=policies,dc=example,dc=org
objectClass: applicationProcess
objectClass: pwdPolicy
cn: change
pwdAttribute: userPassword
pwdMustChange: TRUE

`

// groupsLDIF is added through the running server, so that memberof sees it.
var groupsLDIF = func() string {
	var b strings.Builder
	b.WriteString("dn: cn=admins,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: admins\n" +
		"member: uid=dan," + LDAPPeople + "\n\n")
	b.WriteString("dn: " + LDAPVPNGroup + "\nobjectClass: groupOfNames\ncn: vpn\nmember: cn=admins," + LDAPGroups + "\n")
	for _, u := range DirectoryUsers {
		if u.VPN {
			b.WriteString("member: " + u.DN() + "\n")
		}
	}
	b.WriteString("\ndn: cn=staff,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: staff\n" +
		"member: uid=bob," + LDAPPeople + "\n")
	return b.String()
}()

// writeDirectory writes the config and fills the database.
func writeDirectory(dir, config string, f Files, o SlapdOptions) error {
	values := map[string]string{
		"dir": dir, "cert": f.Cert, "key": f.Key, "ca": f.CA, "global": o.Global, "database": o.Database,
	}
	if err := os.WriteFile(config, []byte(expand(slapdConf, values)), 0o600); err != nil {
		return err
	}
	var people strings.Builder
	people.WriteString(baseLDIF)
	for _, u := range DirectoryUsers {
		fmt.Fprintf(&people, "dn: %s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\nmail: someone@example.org\nuserPassword: %s\n%s\n",
			u.DN(), u.UID, u.UID, u.UID, u.Password, u.extra)
	}
	people.WriteString(o.Entries)
	ldif := filepath.Join(dir, "base.ldif")
	if err := os.WriteFile(ldif, []byte(people.String()), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	_, err := output(exec.CommandContext(ctx, "slapadd", "-f", config, "-l", ldif))
	return err
}

// expand fills in the $names of a config.
func expand(text string, values map[string]string) string {
	return os.Expand(text, func(name string) string { return values[name] })
}
