package postgres

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit/process"
)

// requireTLS makes a certificate, and lets nobody in without TLS.
func (c *cluster) requireTLS() error {
	certificate, key, err := newCertificate(c.Certificate)
	if err != nil {
		return err
	}
	method := "trust"
	if c.Passwords {
		method = "scram-sha-256"
	}
	c.certificate, c.key = filepath.Join(c.folder, "server.crt"), filepath.Join(c.folder, "server.key")
	for path, content := range map[string][]byte{
		c.certificate:                          certificate,
		c.key:                                  key,
		filepath.Join(c.data(), "pg_hba.conf"): []byte("hostssl all,replication all 127.0.0.1/32 " + method + "\n"),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
		if err := process.Give(path); err != nil {
			return err
		}
	}
	return nil
}

// newCertificate makes a certificate for 127.0.0.1 and localhost that vouches for itself, and its
// key, both in PEM. change may change it; nil: as it is.
func newCertificate(change func(*x509.Certificate)) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}
