//! TLS as registries need it: authorities and client certificates of one registry, and
//! self-signed certificates that are trusted as they are.

use super::certs::{self, Certs};
use super::endpoint::Endpoint;
use crate::error::{Doing, Result, invalid};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
};
use std::io::{Read as _, Write as _};
use std::sync::{Arc, OnceLock};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

/// Puts TLS around a connection. ureq's own connector has one client certificate, ends the program
/// when the key does not fit it, and takes no verifier.
#[derive(Debug)]
pub(crate) struct TlsConnector(Arc<ClientConfig>);

impl TlsConnector {
    /// For one registry.
    ///
    /// # Errors
    /// When its certificates cannot be used.
    pub(crate) fn new(endpoint: &Endpoint) -> Result<TlsConnector> {
        let certs = endpoint.certs.as_deref().map(certs::read).transpose()?.unwrap_or_default();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|cause| invalid("TLS cannot be set up").because(cause))?
            .dangerous()
            .with_custom_certificate_verifier(verifier(endpoint.insecure, &certs, &provider)?);
        let config = if certs.clients.is_empty() {
            builder.with_no_client_auth()
        } else {
            builder.with_client_cert_resolver(Arc::new(ClientCerts::new(certs, &provider, endpoint)?))
        };
        Ok(TlsConnector(Arc::new(config)))
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> std::result::Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(host.to_string())
            .map_err(|_| ureq::Error::Tls("the host's name cannot be in a certificate"))?;
        let mut connection = ClientConnection::new(Arc::clone(&self.0), name)?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned { conn: connection, sock: socket } })))
    }
}

/// A connection with TLS around it.
pub(crate) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl std::fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(
        &mut self,
        amount: usize,
        timeout: NextTimeout,
    ) -> std::result::Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let got = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(got);
        Ok(got > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// Our certificates; the registry gets the first one that it can read.
#[derive(Debug)]
struct ClientCerts(Vec<Arc<CertifiedKey>>);

impl ClientCerts {
    fn new(certs: Certs, provider: &CryptoProvider, endpoint: &Endpoint) -> Result<ClientCerts> {
        let pair = |(chain, key)| {
            CertifiedKey::from_der(chain, key, provider)
                .map(Arc::new)
                .map_err(|cause| invalid(cause.to_string()))
        };
        let pairs = certs.clients.into_iter().map(pair).collect::<Result<_>>();
        let pairs = pairs.doing(|| format!("use the client certificates for {}", endpoint.registry))?;
        Ok(ClientCerts(pairs))
    }
}

impl ResolvesClientCert for ClientCerts {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.iter().find(|pair| pair.key.choose_scheme(schemes).is_some()).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}

/// The system's authorities, read once.
fn system_roots() -> &'static [CertificateDer<'static>] {
    static ROOTS: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    // Certificates that cannot be read are others' business: the connection says what is missing.
    ROOTS.get_or_init(|| rustls_native_certs::load_native_certs().certs)
}

fn verifier(
    insecure: bool,
    certs: &Certs,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let schemes = Arc::clone(provider);
    if insecure {
        return Ok(Arc::new(Anybody(schemes)));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system_roots().iter().chain(&certs.authorities).cloned());
    if roots.is_empty() {
        // No system has none, but a container may: nothing can be verified, and that is said then.
        return Ok(Arc::new(Known { usual: None, pinned: Vec::new(), schemes }));
    }
    let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|cause| invalid("the authorities' certificates cannot be used").because(cause))?;
    Ok(Arc::new(Known { usual: Some(usual), pinned: certs.authorities.clone(), schemes }))
}

/// `insecure`: whoever answers is believed.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

/// Certificates of known authorities, and those in certs.d themselves: what `openssl req -x509`
/// makes is marked as an authority, and as such is not accepted as a server's by the usual rules.
#[derive(Debug)]
struct Known {
    usual: Option<Arc<WebPkiServerVerifier>>,
    pinned: Vec<CertificateDer<'static>>,
    schemes: Arc<CryptoProvider>,
}

impl Known {
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let unknown = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let usual = self.usual.as_ref().ok_or_else(unknown)?;
        let verdict = usual.verify_server_cert(certificate, between, name, &[], now);
        match verdict {
            // The dates were right: they are looked at first (rustls-webpki, verify_cert.rs).
            Err(error) if format!("{error:?}").contains("CaUsedAsEndEntity") => {
                if !self.pinned.iter().any(|pinned| pinned.as_ref() == certificate.as_ref()) {
                    return Err(unknown());
                }
                rustls::client::verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    // Not looked at either: certificates of version 1 would not pass, and prove as little as others.
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        self.verify(certificate, between, name, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.schemes.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.schemes.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.signature_verification_algorithms.supported_schemes()
    }
}
