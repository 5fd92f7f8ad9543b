//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ovpn-verify/scripts/testbed"
)

// serviceSection leaves out what a test is about: whom to look for, and where.
func serviceSection(url, caFile, more string) string {
	return fmt.Sprintf("[login]\nbackend = \"ldap\"\nsecond_factor = \"none\"\n[ldap]\nurls = [%q]\nca_file = %q\nbind_dn = %q\nbind_password_file = \"ldap.secret\"\n%s\n",
		url, caFile, testbed.LDAPBindDN, more)
}

// expectation is a login by `check` and what comes of it.
type expectation struct {
	name, config, user, password, verdict, cause string
}

func (w *world) expect(slapd *testbed.Slapd, expectations []expectation) {
	w.t.Helper()
	for _, e := range expectations {
		if !strings.HasPrefix(e.config, "base_dn") {
			e.config = fmt.Sprintf("base_dn = %q\n", testbed.LDAPPeople) + e.config
		}
		w.configure(serviceSection(slapd.TLSURL, slapd.CAFile, e.config))
		w.secrets = append(w.secrets, e.password)
		if c := w.check(e.user, e.password); !c.is(e.verdict, e.cause) {
			w.t.Errorf("%s: %q: %+v; want %s with %q", e.name, e.user, c, e.verdict, e.cause)
		}
	}
}

func group(name, class, member string) string {
	return fmt.Sprintf("dn: cn=%s,%s\nobjectClass: %s\ncn: %s\n%s\n\n", name, testbed.LDAPGroups, class, name, member)
}

func required(name, filter string) string {
	return fmt.Sprintf("required_groups = [\"cn=%s,%s\"]\ngroup_base_dn = %q\ngroup_filter = %q\n", name, testbed.LDAPGroups, testbed.LDAPGroups, filter)
}

// Everybody has the same address, and an entry there is held by another server.
func TestLDAPFindingTheUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{
		Entries: "dn: ou=elsewhere," + testbed.LDAPPeople + "\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n" +
			"ref: ldap://elsewhere.example.org/ou=elsewhere,dc=example,dc=org\n\n",
	})
	const windows = "schema = \"active-directory\"\nuser_filter = \"(uid={account})\"\nusername_attribute = \"uid\"\n"
	w.expect(slapd, []expectation{
		{"two matches", `user_filter = "(mail={username})"`, "someone@example.org", "lovelace-1815", "refused", "matches more than one entry"},
		{"beside a referral", "", "ada", "lovelace-1815", "accepted", ""},
		{"no match but a referral", "", "nobody-here", "lovelace-1815", "refused", "elsewhere.example.org.*are not followed"},
		{"below a referral", `base_dn = "ou=elsewhere,` + testbed.LDAPPeople + `"`, "ada", "lovelace-1815", "unavailable", "referrals are not followed; name the server"},
		{"a base that is not there", `base_dn = "ou=nowhere,` + testbed.LDAPBase + `"`, "ada", "lovelace-1815", "unavailable", "(?i)no such object"},
		{"DOMAIN", windows, `EXAMPLE\ADA`, "lovelace-1815", "accepted", ""},
		{"the domain", windows, "ada@Example.org", "lovelace-1815", "accepted", ""},
		{"another domain", windows, "ada@example.com", "lovelace-1815", "refused", "matches no entry"},
		{"no domains elsewhere", "", "ada@example.org", "lovelace-1815", "refused", "matches no entry"},
	})
}

// Groups of each class are searched; the last one's name is written in another
// way than the directory's. One user is in more groups than the server returns at once.
func TestLDAPGroupClasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	entries := []string{
		group("unique", "groupOfUniqueNames", "uniqueMember: uid=ada,"+testbed.LDAPPeople),
		group("posix", "posixGroup", "gidNumber: 4711\nmemberUid: ada"),
	}
	for i := range 700 {
		entries = append(entries, group(fmt.Sprintf("many%03d", i), "groupOfNames", "member: uid=ada,"+testbed.LDAPPeople))
	}
	slapd := w.Slapd(testbed.SlapdOptions{
		Entries:  strings.Join(entries, ""),
		Database: fmt.Sprintf("limits dn.exact=%q size.soft=100 size.hard=100 size.prtotal=unlimited", testbed.LDAPBindDN),
	})
	unpaged := w.Command(t.Context(), w.ServerNS, "ldapsearch", "-x", "-H", slapd.URL, "-D", testbed.LDAPBindDN,
		"-w", testbed.LDAPBindSecret, "-b", testbed.LDAPGroups, "(member=*)", "1.1")
	if out, _ := unpaged.CombinedOutput(); !strings.Contains(string(out), "Size limit exceeded") {
		t.Errorf("the server returns all groups at once:\n%.500s", out)
	}
	var rows []expectation
	for _, config := range []string{
		required("unique", "(uniqueMember={dn})"), required("posix", "(memberUid={username})"),
		required("many000", "(member={dn})"), required("many699", "(member={dn})"),
		`required_groups = ["CN = VPN,OU=Gr\\6Fups , DC=Example,dc=ORG"]`,
	} {
		rows = append(rows, expectation{config, config, "ada", "lovelace-1815", "accepted", ""},
			expectation{config, config, "bob", "bob secret", "refused", "in none of ldap.required_groups"},
			expectation{config, config, "ada", "not-lovelace-1815", "refused", "Invalid Credentials"})
	}
	w.expect(slapd, rows)
}

// policyEntries are people whose policy has the name that they have.
func policyEntries(accounts map[string]struct{ rules, state string }) string {
	var b strings.Builder
	for name, account := range accounts {
		policy := fmt.Sprintf("cn=%s,ou=policies,%s", name, testbed.LDAPBase)
		fmt.Fprintf(&b, "dn: %s\nobjectClass: applicationProcess\nobjectClass: pwdPolicy\ncn: %s\npwdAttribute: userPassword\n%s\n\n",
			policy, name, account.rules)
		fmt.Fprintf(&b, "dn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: x\nsn: x\nuserPassword: %[1]s's secret\npwdPolicySubentry: %[3]s\n%[4]s\n\n",
			name, testbed.LDAPPeople, policy, account.state)
	}
	return b.String()
}

// The password policy's word on accounts whose password is right.
func TestLDAPPasswordPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	yesterday := time.Now().Add(-24 * time.Hour).UTC().Format("20060102150405Z")
	entries := policyEntries(map[string]struct{ rules, state string }{
		"expired": {"pwdMaxAge: 60", "pwdChangedTime: 20200101000000Z"},
		"late":    {"pwdMaxAge: 60\npwdGraceAuthNLimit: 3", "pwdChangedTime: 20200101000000Z"},
		"warned":  {"pwdMaxAge: 1000000\npwdExpireWarning: 999999", "pwdChangedTime: " + yesterday},
		"shut":    {"pwdLockout: TRUE", "pwdAccountLockedTime: 000001010000Z"},
	})
	slapd := w.Slapd(testbed.SlapdOptions{Entries: entries})
	w.expect(slapd, []expectation{
		{"expired", "", "expired", "expired's secret", "refused", "Your password has expired: change it, then log in again"},
		{"expired, and a wrong password", "", "expired", "not the secret", "refused", refusedText},
		{"late", "", "late", "late's secret", "accepted", "the password has expired; logins left with it: [0-2]"},
		{"warned", "", "warned", "warned's secret", "accepted", "the password expires in [0-9]"},
		{"shut", "", "shut", "shut's secret", "refused", "locked.*" + refusedText},
		{"shut, and a wrong password", "", "shut", "not the secret", "refused", refusedText},
	})
}

// The server takes a name without a password for a success; nobody gets in by that.
func TestLDAPServerThatAllowsUnauthenticatedBind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{Global: "allow bind_anon_cred bind_anon_dn"})
	ada := "uid=ada," + testbed.LDAPPeople
	if out, err := w.Command(t.Context(), w.ServerNS, "ldapwhoami", "-x", "-H", slapd.URL, "-D", ada, "-w", "").CombinedOutput(); err != nil {
		t.Errorf("the server does not: %s", out)
	}
	before := len(slapd.Log())
	for _, more := range []string{
		fmt.Sprintf("base_dn = %q", testbed.LDAPPeople),
		fmt.Sprintf("bind_template = %q", "uid={username},"+testbed.LDAPPeople),
	} {
		section := serviceSection(slapd.TLSURL, slapd.CAFile, more)
		if strings.HasPrefix(more, "bind_template") {
			section = strings.Replace(section, fmt.Sprintf("bind_dn = %q\nbind_password_file = \"ldap.secret\"\n", testbed.LDAPBindDN), "", 1)
		}
		w.configure(section)
		for _, user := range []string{"ada", ""} {
			if c := w.check(user, ""); c.Verdict != "refused" {
				t.Errorf("without a password: %+v", c)
			}
		}
		if c := w.check("ada", "lovelace-1815"); c.Verdict != "accepted" {
			t.Errorf("with the password: %+v", c)
		}
	}
	if log := slapd.Log()[before:]; strings.Count(log, fmt.Sprintf("BIND dn=%q method=128", ada)) != 2 {
		t.Errorf("more binds than the two with a password:\n%s", log)
	}
}

// Whoever may search needs no account, and a connection that the server found
// idle is replaced without failing the login.
func TestLDAPAnonymousSearchOverIdleConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slapd := w.Slapd(testbed.SlapdOptions{Global: "idletimeout 1", Database: "access to attrs=userPassword by anonymous auth\naccess to * by * read"})
	w.configure(strings.Replace(serviceSection(slapd.TLSURL, slapd.CAFile, fmt.Sprintf("base_dn = %q\nrequired_groups = [%q]", testbed.LDAPPeople, testbed.LDAPVPNGroup)),
		fmt.Sprintf("bind_dn = %q\nbind_password_file = \"ldap.secret\"\n", testbed.LDAPBindDN), "", 1))
	call := testbed.Call{Username: "ada", Password: "lovelace-1815"}
	for login := range 3 {
		if r, err := w.callInside(call); err != nil || !r.Accepted() {
			t.Errorf("login %d: %+v, %v", login, r, err)
		}
		for deadline := time.Now().Add(20 * time.Second); strings.Count(slapd.Log(), "closed (idletimeout)") <= login; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("no idle connection was closed:\n%s", slapd.Log())
			}
		}
	}
	if strings.Contains(slapd.Log(), fmt.Sprintf("BIND dn=%q", testbed.LDAPBindDN)) {
		t.Error("somebody bound as the service account")
	}
	// And so is one to a directory that was started anew while nobody logged in.
	for range 2 {
		if r, err := w.callInside(call); err != nil || !r.Accepted() {
			t.Errorf("around the restart: %+v, %v", r, err)
		}
		if err := errors.Join(slapd.Kill(), slapd.Start()); err != nil {
			t.Fatal(err)
		}
	}
	w.oneWorker()
}
