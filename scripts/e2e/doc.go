// Package e2e has the end-to-end tests: logins, commands, packages and documents with
// real OpenVPN, slapd, Samba and FreeRADIUS. They are root's, take minutes, and are
// built with the tag e2e alone; this file is there without it.
package e2e
