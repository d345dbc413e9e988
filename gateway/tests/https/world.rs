//! A gateway with its HTTPS port, a device with a certificate, and an access key.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thingwire::authorize::Authorizer;
use thingwire::broker::Broker;
use thingwire::https::{Alpn, Gate, GateParts, HttpsLimits, serve_connection};
use thingwire::listen;
use thingwire::pki::{DevelopmentAuthority, IssuedWithKey};
use thingwire::registry::{AccessKey, CertificateId, NewThing, PolicyName, Registry, ThingName};
use thingwire::settings::Settings;
use thingwire::shadows::{ShadowTopics, Shadows};
use thingwire::store::{Journal, JournalOptions, MemoryStore, Store};
use thingwire::tls::Endpoint;
use thingwire::workers::Workers;
use tls_auth::ClientCertificate;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

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
    pub places: listen::Gate,
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

pub type Tls = TlsStream<TcpStream>;

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
        let shadows = Shadows::new(&broker, shadow_doc::Service::default()).unwrap();
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
            authorizer: Arc::clone(&authorizer),
            region: sigv4::Region::new(REGION).unwrap(),
        };
        let gate = Gate::new(parts, wanted.limits);
        tokio::spawn({
            let (authorizer, broker) = (Arc::clone(&authorizer), Arc::clone(&broker));
            let mut changes = registry.subscribe_changes();
            async move {
                loop {
                    tokio::select! {
                        biased;
                        Some(change) = changes.recv() => authorizer.changed(&change, &broker),
                        () = tokio::task::yield_now(), if authorizer.has_work() => authorizer.step(&broker),
                        else => return,
                    }
                }
            }
        });

        let mut offered: Vec<&[u8]> = Alpn::ALL.map(Alpn::name).to_vec();
        // What an embedder's TLS might agree to by mistake.
        offered.push(b"h2");
        let endpoint = Endpoint::new(
            server.certificate.pem().as_bytes(),
            server.private_key_pem.as_bytes(),
            &registry,
            ClientCertificate::Optional,
            &offered,
        )
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let workers = Arc::new(Workers::start(1).unwrap());
        let places = listen::Gate::new(wanted.places);
        let serve = move |stream: TcpStream, place| {
            let (endpoint, gate) = (endpoint.clone(), Arc::clone(&gate));
            async move {
                let peer = stream.peer_addr().unwrap();
                serve_connection(stream, peer, &endpoint, gate, Some(place)).await;
            }
        };
        tokio::spawn(listen::accept(
            listener,
            places.clone(),
            Arc::clone(&workers),
            serve,
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
        self.try_tls(alpn, with_certificate).await.unwrap()
    }

    pub async fn try_tls(&self, alpn: Option<&[u8]>, with_certificate: bool) -> io::Result<Tls> {
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
        let stream = TcpStream::connect(self.address).await?;
        TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from("localhost").unwrap(), stream)
            .await
    }
}
