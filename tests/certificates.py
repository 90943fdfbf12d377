"""Certificates made on the fly, for servers that must prove who they are."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own."""

    name: str = "Test authority"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    def write(self, file: Path) -> Path:
        """Write its certificate, which is the whole CA bundle."""
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        own = self._builder(self.name, self.key).add_extension(constraints, critical=True)
        own = own.add_extension(_usage(is_authority=True), critical=True)
        file.write_bytes(self._signed(own))
        return file

    def server_context(self, host: str, folder: Path) -> ssl.SSLContext:
        """The TLS side of a server that this authority calls ``host``."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        server = self._builder(host, key).add_extension(names, critical=False)
        server = server.add_extension(_usage(is_authority=False), critical=True)
        server = server.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
        )
        file = folder / f"{host}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + self._signed(server)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _builder(self, subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().serial_number(x509.random_serial_number())
        builder = builder.subject_name(_name(subject)).issuer_name(_name(self.name))
        builder = builder.not_valid_before(now - DAY).not_valid_after(now + DAY)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return builder.public_key(key.public_key()).add_extension(identifier, critical=False)

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        signed = builder.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
