"""The gateway that a script talks to, and how a script says what it saw.

Every script is called with DATA-FOLDER MQTT-PORT HTTPS-PORT and speaks to a gateway on `localhost`. It prints a line for
each thing that it tried: `ok WHAT`, or `FAILED WHAT: why`.
"""

import configparser
import contextlib
import os
import pathlib
import sys
import traceback

HOST = "localhost"
REGION = "us-east-1"

# Seconds that anything may take.
TIMEOUT = 30

data = pathlib.Path(sys.argv[1])
mqtt_port, https_port = int(sys.argv[2]), int(sys.argv[3])

ca = str(data / "ca.pem")

# The thing that a first start makes; its name is the client identifier that its policy wants.
thing = "demo"
certificate = str(data / "things" / thing / "certificate.pem")
private_key = str(data / "things" / thing / "private.key")

# SDKs look for access keys here.
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(data / "credentials")
os.environ["AWS_DEFAULT_REGION"] = REGION
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

_failed = False


def access_key():
    """The access key's id and its secret, for what does not read the file itself."""
    file = configparser.ConfigParser()
    file.read(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    return file["default"]["aws_access_key_id"], file["default"]["aws_secret_access_key"]


@contextlib.contextmanager
def trying(what):
    """Reports what became of it. The script goes on after a failure."""
    global _failed
    try:
        yield
    except Exception as error:
        _failed = True
        traceback.print_exc()
        why = str(error).replace("\n", " ")
        print(f"FAILED {what}: {type(error).__name__}: {why}", flush=True)
    else:
        print(f"ok {what}", flush=True)


def finish():
    """Ends the script, whatever threads a client has left behind."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if _failed else 0)
