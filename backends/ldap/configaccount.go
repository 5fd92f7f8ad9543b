package ldap

import (
	"errors"
	"fmt"
	"strings"
)

// checkServiceAccount holds that there is one way to get at the entries: an
// account with a password, one known by EXTERNAL, the users' own, or none.
func (c Config) checkServiceAccount() error {
	switch {
	case c.BindTemplate != "":
		return c.checkTemplate()
	case c.BindExternal:
		return c.checkExternal()
	case c.BindDN == "" && c.BindPasswordFile != "":
		return fmt.Errorf("ldap.bind_password_file must be empty when ldap.bind_dn is (anonymous search), not %q", c.BindPasswordFile)
	case c.BindDN == "":
		return nil
	case c.BindPasswordFile == "":
		return errors.Join(checkDN("ldap.bind_dn", c.BindDN),
			errors.New(`ldap.bind_password_file must name the file with the password of ldap.bind_dn, not ""`))
	}
	return checkDN("ldap.bind_dn", c.BindDN)
}

func (c Config) checkTemplate() error {
	var faults []error
	if err := checkTemplate(c.BindTemplate); err != nil {
		faults = append(faults, fmt.Errorf("ldap.bind_template must be a DN such as \"uid={username},ou=people,dc=example,dc=org\" (RFC 4514), not %q: %w", c.BindTemplate, err))
	}
	if c.BindExternal {
		faults = append(faults, errors.New("ldap.bind_external must be false with ldap.bind_template, not true: the users read their own entries"))
	}
	return errors.Join(append(faults, c.noPassword("ldap.bind_template"))...)
}

func (c Config) checkExternal() error {
	faults := []error{c.noPassword("ldap.bind_external")}
	for _, u := range c.URLs {
		if !strings.HasPrefix(u, schemeLDAPI+"://") && c.ClientCertFile == "" {
			faults = append(faults, fmt.Errorf("ldap.bind_external must be false unless every one of ldap.urls is ldapi:// or there is an ldap.client_cert_file, not true with %q", u))
		}
	}
	return errors.Join(faults...)
}

func (c Config) noPassword(with string) error {
	var faults []error
	if c.BindDN != "" {
		faults = append(faults, fmt.Errorf("ldap.bind_dn must be empty with %s, not %q", with, c.BindDN))
	}
	if c.BindPasswordFile != "" {
		faults = append(faults, fmt.Errorf("ldap.bind_password_file must be empty with %s, not %q", with, c.BindPasswordFile))
	}
	return errors.Join(faults...)
}
