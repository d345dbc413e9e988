//! A gateway with its HTTPS port, a device with a certificate, and an access key.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use thingwire::authorize::{Authorizer, Device};
use thingwire::broker::Broker;
use thingwire::https::{Alpn, Gate, GateParts, Handshake, HttpsLimits, Secured, listen};
use thingwire::pki::{DevelopmentAuthority, IssuedWithKey};
use thingwire::registry::{AccessKey, CertificateId, NewThing, PolicyName, Registry, ThingName};
use thingwire::settings::Settings;
use thingwire::shadows::{ShadowTopics, Shadows};
use thingwire::store::{Journal, JournalOptions, MemoryStore, Store};
use thingwire::workers::Workers;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

pub const REGION: &str = "us-east-1";

/// What the device `pump` may do.
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:us-east-1:123456789012:client/pump"},
    {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"arn:aws:iot:us-east-1:123456789012:topic/pump/*"},
    {"Effect":"Allow","Action":"iot:Subscribe","Resource":"arn:aws:iot:us-east-1:123456789012:topicfilter/pump/*"},
    {"Effect":"Allow","Action":["iot:GetThingShadow","iot:UpdateThingShadow"],"Resource":"arn:aws:iot:us-east-1:123456789012:thing/pump"}
]}"#;

pub struct World {
    pub broker: Arc<Broker>,
    pub registry: Arc<Registry>,
    pub address: SocketAddr,
    pub key: AccessKey,
    pub ca: DevelopmentAuthority,
    pub device: IssuedWithKey,
    pub places: Arc<Semaphore>,
    _workers: Arc<Workers>,
}

/// What a test wants otherwise.
pub struct Wanted {
    pub settings: Settings,
    pub limits: HttpsLimits,
    pub places: usize,
    pub store: Arc<dyn Store>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            settings: Settings::strict(),
            limits: HttpsLimits::default(),
            places: 100,
            store: Arc::new(MemoryStore::new()),
        }
    }
}

pub type Tls = client::TlsStream<TcpStream>;

struct Rustls(TlsAcceptor);

impl Handshake for Rustls {
    type Stream = server::TlsStream<TcpStream>;

    async fn accept(&self, stream: TcpStream) -> io::Result<Secured<Self::Stream>> {
        let address = stream.peer_addr()?;
        let stream = self.0.accept(stream).await?;
        let (_, session) = stream.get_ref();
        let alpn = session.alpn_protocol().map(<[u8]>::to_vec);
        let certificate = session.peer_certificates().and_then(|chain| chain.first());
        let device = certificate.map(|der| {
            let certificate_id = CertificateId::of(der);
            Device {
                certificate_id,
                source_ip: Some(address.ip()),
                domain_name: session.server_name().map(str::to_owned),
            }
        });
        Ok(Secured {
            stream,
            alpn,
            device,
        })
    }
}

fn chain(der: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from(der.to_vec())
}

fn private_key(issued: &IssuedWithKey) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(issued.private_key_pem.as_bytes()).unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl World {
    pub async fn start() -> Self {
        Self::with(Wanted::default()).await
    }

    pub async fn with(wanted: Wanted) -> Self {
        let now = SystemTime::now();
        let (ca, _) = DevelopmentAuthority::generate(now).unwrap();
        let names = ["localhost".to_owned()];
        let server = ca
            .issue_server(&names, &["127.0.0.1".parse().unwrap()], now)
            .unwrap();
        let device = ca.issue_device("pump", now).unwrap();

        let journal = Journal::start(wanted.store, JournalOptions::default()).unwrap();
        let broker = Broker::open(wanted.settings, Arc::new(journal)).unwrap();
        tokio::spawn(Arc::clone(&broker).run_timers());
        let shadows = Shadows::new(&broker, shadow_doc::Service::default());
        broker.set_service(Box::new(ShadowTopics(Arc::clone(&shadows))));
        let registry = Arc::new(Registry::open(Arc::new(MemoryStore::new())).unwrap());
        registry
            .register_authority(ca.certificate(), false)
            .unwrap();
        let policy = PolicyName::new("pump").unwrap();
        registry.put_policy(&policy, POLICY).unwrap();
        let thing = NewThing::new(ThingName::new("pump").unwrap());
        registry
            .create_thing_with_certificate(&thing, &device.certificate.der, &[policy])
            .unwrap();
        let key = AccessKey::generate().unwrap();
        registry.add_access_key(&key).unwrap();
        let scope = iot_policy::Scope::new("aws", REGION, "123456789012");
        let authorizer = Authorizer::new(Arc::clone(&registry), scope);
        let parts = GateParts {
            broker: Arc::clone(&broker),
            shadows,
            registry: Arc::clone(&registry),
            authorizer,
            region: sigv4::Region::new(REGION).unwrap(),
        };
        let gate = Gate::new(parts, wanted.limits);

        let mut roots = RootCertStore::empty();
        roots.add(chain(ca.certificate())).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .allow_unauthenticated()
            .build()
            .unwrap();
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![chain(&server.certificate.der)], private_key(&server))
            .unwrap();
        config.alpn_protocols = Alpn::ALL.map(|alpn| alpn.name().to_vec()).to_vec();
        config.alpn_protocols.push(b"h2".to_vec());

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let workers = Arc::new(Workers::start(1).unwrap());
        let places = Arc::new(Semaphore::new(wanted.places));
        let handshake = Arc::new(Rustls(TlsAcceptor::from(Arc::new(config))));
        tokio::spawn(listen(
            listener,
            handshake,
            gate,
            Arc::clone(&workers),
            Arc::clone(&places),
        ));
        Self {
            broker,
            registry,
            address,
            key,
            ca,
            device,
            places,
            _workers: workers,
        }
    }

    pub fn certificate_id(&self) -> CertificateId {
        CertificateId::of(&self.device.certificate.der)
    }

    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// A connection under TLS, with the certificate of the device or without.
    pub async fn tls(&self, alpn: Option<&[u8]>, with_certificate: bool) -> Tls {
        let mut roots = RootCertStore::empty();
        roots.add(chain(self.ca.certificate())).unwrap();
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = if with_certificate {
            let certificate = vec![chain(&self.device.certificate.der)];
            builder
                .with_client_auth_cert(certificate, private_key(&self.device))
                .unwrap()
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = alpn.map(<[u8]>::to_vec).into_iter().collect();
        let stream = TcpStream::connect(self.address).await.unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from("localhost").unwrap(), stream)
            .await
            .unwrap()
    }
}
