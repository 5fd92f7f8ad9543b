package serverconf

import "path/filepath"

// names: under which name a client is known after the login.
func (j *judge) names() {
	none, _ := j.Last("verify-client-cert")
	old, hasOld := j.Last("client-cert-not-required")
	if hasOld {
		none = old
		j.add(Problem, old.Place, "client-cert-not-required", "OpenVPN 2.5 and newer do not start with it", "verify-client-cert none")
	}
	hasCert := !hasOld && none.Arg(1) != "none" && none.Arg(1) != "optional"
	loginName := j.Has("username-as-common-name")
	if !hasCert && !loginName {
		j.add(Warning, none.Place, "no certificate is needed, and username-as-common-name is missing", "clients have no name: status, client-config-dir and the limit of one session a user know nobody", "username-as-common-name")
	}
	if d, found := j.Last("client-config-dir"); found && hasCert && !loginName && !j.ours.MatchesName {
		j.add(Warning, d.Place, "client-config-dir goes by the certificate's name, not by the name that was checked", "a user gets the addresses and routes of whose certificate is used", "username-as-common-name")
	}
	if d, found := j.Last("duplicate-cn"); found {
		j.add(Warning, d.Place, "duplicate-cn", "one login can be used from any number of places at once, and nobody notices that a password is shared or stolen", "#duplicate-cn")
	}
	if d, found := j.Last("auth-user-pass-optional"); found {
		severity, effect := Problem, "clients without name and password get in, unless the script that is run refuses them"
		if j.call.ours {
			severity, effect = Warning, "clients without name and password reach the check; "+programName+" refuses them, and any other script may not"
		}
		j.add(severity, d.Place, "auth-user-pass-optional", effect, "#auth-user-pass-optional")
	}
}

// others who have a say about logins.
func (j *judge) others() {
	for _, d := range j.Directives {
		switch d.Name() {
		case "plugin":
			if harmless[filepath.Base(d.Arg(1))] {
				continue
			}
			j.add(Warning, d.Place, "the plugin "+d.Arg(1), "where it checks passwords it has to accept every login as well, and takes answers to challenges and tokens for passwords", "#"+line(d))
		case "management-client-auth":
			j.add(Warning, d.Place, "management-client-auth", "whoever is connected to the management interface has to accept every login as well", "#"+line(d))
		}
	}
}

// harmless plugins check no passwords.
var harmless = map[string]bool{"openvpn-plugin-down-root.so": true}
