package ldap

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"ovpn-verify/verify/primary"
)

// What says that an account is out of use. The servers' binds respect their
// own; shadowExpire is for the systems that read it.
const (
	attributeUserAccountControl = "userAccountControl"   // Active Directory
	attributeAccountExpires     = "accountExpires"       // Active Directory
	attributeAccountLock        = "nsAccountLock"        // 389, FreeIPA
	attributeLockedTime         = "pwdAccountLockedTime" // draft-behera-ldap-password-policy-10 section 5.3.3
	attributeShadowExpire       = "shadowExpire"         // RFC 2307 section 3
)

var accountAttributes = []string{
	attributeUserAccountControl, attributeAccountExpires, attributeAccountLock, attributeLockedTime, attributeShadowExpire,
}

// internalAttributes are read for us alone; some are not text.
var internalAttributes = append([]string{attributeObjectSID, attributePrimaryGroup}, accountAttributes...)

// StillThere asks, without a password, whether the user may still be logged in:
// there is one entry for the name, its account is in use, and it is in a
// required group. The password of req is not looked at. nil: yes, and the
// identity is the one that a login would have; the caller compares its Name
// with what it was, since names pass from one person to another.
// primary.ErrRefused: no. Anything else is an outage, or that there is no
// account to ask with (errors.ErrUnsupported, with ldap.bind_template).
//
// An account that is locked for a while because somebody tried passwords is
// still there: else anybody could end everybody's sessions.
func (b *Backend) StillThere(ctx context.Context, req *primary.Request) (primary.Identity, error) {
	if b.config.BindTemplate != "" {
		return primary.Identity{}, fmt.Errorf("ldap: with ldap.bind_template nobody but the user can ask for the user: %w", errors.ErrUnsupported)
	}
	if err := checkUsername(req.Username); err != nil {
		return primary.Identity{}, err
	}
	f, err := b.decide(ctx, func(ctx context.Context, e *endpoint) (*found, error) {
		f, err := b.lookUp(ctx, e, req.Username)
		if err != nil {
			return nil, err
		}
		if cause := outOfUse(f.entry, time.Now()); cause != "" {
			return nil, fmt.Errorf("%s: %w: %q: %s", e.url, primary.Account, f.dn, cause)
		}
		return f, b.checkMember(e.url, f)
	})
	if err != nil {
		return primary.Identity{}, err
	}
	return f.identity, nil
}

const (
	accountDisable = 2                   // ADS_UF_ACCOUNTDISABLE, MS-ADTS section 2.2.16
	lockedForGood  = "000001010000Z"     // by the administrator, draft-behera section 5.3.3
	windowsEpoch   = 11644473600         // seconds from 1601 to 1970
	ticks          = int64(10_000_000)   // of accountExpires in a second
	neverExpires   = math.MaxInt64       // besides 0
	daySeconds     = int64(24 * 60 * 60) // shadowExpire counts days
	maxShadowDays  = int64(100_000_000)  // what is above cannot be meant
)

// outOfUse tells why an account may not be used, or "".
func outOfUse(entry *goldap.Entry, now time.Time) string {
	number := func(attribute string) (int64, bool) {
		values := entry.GetEqualFoldAttributeValues(attribute)
		if len(values) != 1 {
			return 0, false
		}
		n, err := strconv.ParseInt(values[0], 10, 64)
		return n, err == nil
	}
	if control, ok := number(attributeUserAccountControl); ok && control&accountDisable != 0 {
		return "the account is disabled"
	}
	if expires, ok := number(attributeAccountExpires); ok && expires != 0 && expires != neverExpires && expires/ticks-windowsEpoch <= now.Unix() {
		return "the account has expired"
	}
	if days, ok := number(attributeShadowExpire); ok && days >= 0 && days < maxShadowDays && days*daySeconds <= now.Unix() {
		return "the account has expired (shadowExpire)"
	}
	lock := entry.GetEqualFoldAttributeValues(attributeAccountLock)
	if slices.ContainsFunc(lock, func(v string) bool { return fold(v) == "true" }) {
		return "the account is locked (nsAccountLock)"
	}
	if slices.Contains(entry.GetEqualFoldAttributeValues(attributeLockedTime), lockedForGood) {
		return "the account is locked for good (pwdAccountLockedTime)"
	}
	return ""
}
