package state

import (
	"encoding/hex"
	"net/netip"
	"testing"
)

// What an older version wrote has to be found and believed by this one.
func TestKeysAndChecksumsStayWhatTheyWere(t *testing.T) {
	four, six := netip.MustParseAddr("::ffff:192.0.2.7"), netip.MustParseAddr("2001:db8::7")
	sum := checksum(bucketSteps, []byte("ada"), []byte{0, 0, 0, 0, 1, 2, 3, 4})
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"checksum":      {sum[:], "664244c78387e381"},
		"spent code":    {spentKey([]byte("ada"), []byte{1, 2, 3}), "ce1cb92c2f30b49526669858b73105c34f83efa72c6f8e0fbae37bafe5211365"},
		"place, IPv4":   {placeKey(Place{Username: "ada", Address: four, Port: 1194, Daemon: "1 2"}), "532a178b3b0af171219f0b5a8a0d2271fac4813390fab9b8b0d3406ffb05b64c"},
		"place, IPv6":   {placeKey(Place{Username: "\xff", Address: six, Port: 65535, Daemon: ""}), "b10f6a0e5525fe189d9bb26221e2e3216ec3b1df50745a14b1f955c7af8a357d"},
		"awaited, IPv4": {awaitedKey(&sessionRecord{Identity: []byte("Ada"), CommonName: []byte("laptop"), Address: four}), "ef39dcde3972da98eef26532801ea1792a3dc147bf568710af6ada359946e1a8"},
		"awaited, none": {awaitedKey(&sessionRecord{}), "310c806d0219224a1daa3c6275f56f59a93c03a67905361750b97f1a5e166de1"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
