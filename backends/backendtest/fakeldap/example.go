package fakeldap

// Names in the directory of Example.
const (
	ExampleBaseDN          = "ou=people,dc=example,dc=org"
	ExampleGroupBaseDN     = "ou=groups,dc=example,dc=org"
	ExampleServiceDN       = "cn=vpn,ou=services,dc=example,dc=org"
	ExampleServicePassword = "the service's own"
	ExampleUserDN          = "uid=Ada,ou=people,dc=example,dc=org"
	ExampleUserPassword    = "correct horse"
	ExampleGroupDN         = "cn=vpn,ou=groups,dc=example,dc=org"
)

// Example is a directory with a service account, the user Ada, who is in the
// group vpn, and the user Bob, who has a password of his own and is in none.
func Example() Options {
	return Options{
		ServiceDN:   ExampleServiceDN,
		GroupBaseDN: ExampleGroupBaseDN,
		Entries: []Entry{
			{DN: ExampleServiceDN, Password: ExampleServicePassword},
			{
				DN: ExampleUserDN, Password: ExampleUserPassword,
				Attributes: map[string][]string{
					"uid": {"Ada"}, "cn": {"Ada Lovelace"}, "mail": {"ada@example.org"},
					"memberOf": {"cn=staff,ou=groups,dc=example,dc=org", ExampleGroupDN},
				},
			},
			{
				DN: "uid=bob,ou=people,dc=example,dc=org", Password: "battery staple",
				Attributes: map[string][]string{"uid": {"bob"}, "cn": {"Bob"}},
			},
			{DN: ExampleGroupDN, Attributes: map[string][]string{
				"cn": {"vpn"}, "member": {ExampleUserDN}, "memberUid": {"Ada"},
			}},
		},
	}
}
