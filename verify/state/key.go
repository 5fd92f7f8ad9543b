package state

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ovpn-verify/verify/secret"
)

const keySize = 32 // AES-256

// encryption is how seeds are kept: AES-256-GCM with the key file's key.
func (s *Store) encryption() (cipher.AEAD, error) {
	key, err := s.readKey()
	if err != nil {
		return nil, err
	}
	return gcm(key)
}

func (s *Store) readKey() ([]byte, error) {
	text, err := secret.ReadFile(s.keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("key file %q is missing, without it no enrolment can be read; restore it, or move the database away to begin with no enrolments", s.keyFile)
	}
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.Strict().DecodeString(string(text.Reveal()))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("key file %q is damaged: not %d bytes in base64", s.keyFile, keySize)
	}
	return key, nil
}

// ensureKey makes the key file unless there is one, or records that need one
// which is lost. The database's lock is held, so there is only one who makes it.
func (s *Store) ensureKey(t *txn) error {
	if needed, err := t.any(bucketEnrolments); err != nil || needed {
		return err
	}
	if _, err := os.Lstat(s.keyFile); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return newFile(s.keyFile, func(f *os.File) error {
		key := make([]byte, keySize)
		_, _ = rand.Read(key) // never fails; it ends the process instead
		_, err := f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
		return errors.Join(err, f.Sync())
	})
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// place is the additional data of an encrypted record: moved to another bucket or
// key it cannot be decrypted.
func place(bucket string, key []byte) []byte {
	return append([]byte(bucket+"\x00"), key...)
}
