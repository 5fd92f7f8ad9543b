package state

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"ovpn-verify/verify/primary"
)

// challengeRecord is a Challenge in JSON. Text is []byte in it, base64 in JSON,
// because a directory's values need not be UTF-8 and encoding/json would change
// them.
type challengeRecord struct {
	Username, CommonName []byte
	Address              string
	Name                 []byte
	Version              string
	Groups               [][]byte
	Attributes           []attributeRecord
	Kind                 string
	BackendState         []byte
	Expires              time.Time
	Round                int
}

type attributeRecord struct {
	Name   []byte
	Values [][]byte
}

func encodeChallenge(id string, c Challenge) ([]byte, error) {
	r := challengeRecord{
		Username: []byte(c.Username), CommonName: []byte(c.CommonName), Address: c.Address,
		Name: []byte(c.Identity.Name), Version: c.Identity.Version, Groups: toBytes(c.Identity.Groups),
		Kind: c.Kind, BackendState: c.BackendState, Expires: c.Expires, Round: c.Round,
	}
	for _, name := range slices.Sorted(maps.Keys(c.Identity.Attributes)) {
		r.Attributes = append(r.Attributes, attributeRecord{[]byte(name), toBytes(c.Identity.Attributes[name])})
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	aead, err := gcm(challengeKey(id))
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plain, place(bucketChallenges, nil)), nil
}

func decodeChallenge(id string, record []byte) (Challenge, error) {
	aead, err := gcm(challengeKey(id))
	if err != nil {
		return Challenge{}, err
	}
	plain, err := aead.Open(nil, nil, record, place(bucketChallenges, nil))
	if err != nil {
		return Challenge{}, errors.New("a challenge cannot be decrypted: it was changed")
	}
	var r challengeRecord
	if err := json.Unmarshal(plain, &r); err != nil {
		return Challenge{}, errors.New("a challenge cannot be read: not this program's JSON")
	}
	c := Challenge{
		Username: string(r.Username), CommonName: string(r.CommonName), Address: r.Address,
		Identity: primary.Identity{Name: string(r.Name), Version: r.Version, Groups: toStrings(r.Groups)},
		Kind:     r.Kind, BackendState: r.BackendState, Expires: r.Expires, Round: r.Round,
	}
	if r.Attributes != nil {
		c.Identity.Attributes = make(map[string][]string, len(r.Attributes))
	}
	for _, a := range r.Attributes {
		c.Identity.Attributes[string(a.Name)] = toStrings(a.Values)
	}
	return c, nil
}

// challengeKey differs from the hash that the record is kept under.
func challengeKey(id string) []byte {
	key := sha256.Sum256([]byte("ovpn-verify challenge encryption\x00" + id))
	return key[:]
}

func toBytes(texts []string) (out [][]byte) {
	for _, t := range texts {
		out = append(out, []byte(t))
	}
	return out
}

func toStrings(texts [][]byte) (out []string) {
	for _, t := range texts {
		out = append(out, string(t))
	}
	return out
}
