"""Which certificate authorities are trusted, and why a TLS handshake failed."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.errors import NotSent

if TYPE_CHECKING:
    from collections.abc import Mapping

# The first that is set counts. The last two are what requests and curl read.
_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_FOLDER = "SSL_CERT_DIR"
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"})
_CERTIFICATES_HINT = (
    "if a company proxy or a private authority signs the certificate, set SSL_CERT_FILE to a file with the certificate of "
    "that authority (PEM)"
)


def trusted(environ: Mapping[str, str]) -> ssl.SSLContext:
    """A context for clients with the authorities that the environment names, else those of certifi. Raises NotSent."""
    import certifi  # with what it imports, as expensive as all of asyncio

    name = next((name for name in _FILES if environ.get(name)), None)
    folder = environ.get(_FOLDER) or None
    file = environ[name] if name else None if folder else certifi.where()
    if file is not None and Path(file).is_dir():  # requests takes a folder there
        file, folder = None, file
    try:
        context = ssl.create_default_context(cafile=file, capath=folder)
    except OSError as error:
        reason = "it has no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise NotSent(
            f"the certificates of {name or _FOLDER} cannot be used: {reason}",
            hint=f"set {name or _FOLDER} to a readable file of certificates (PEM), or unset it",
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def failure(error: OSError) -> tuple[str, str | None]:
    """Why a handshake failed, and what to do; None where there is no advice but the usual."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the TLS certificate is not accepted: {error.verify_message.rstrip('.')}", _CERTIFICATES_HINT
    if isinstance(error, ssl.SSLError) and error.reason in _NOT_TLS:
        hint = "check the port; for a server without TLS on this machine use a URL that starts with http://"
        return "the server does not speak TLS on this port", hint
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed: {reason(error)}", None
    return "the connection was closed during the TLS handshake", None


def reason(error: ssl.SSLError) -> str:
    """The reason that OpenSSL gives."""
    return (error.reason or type(error).__name__).replace("_", " ").lower()
