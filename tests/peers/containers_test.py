"""docker/: what Grafana and Prometheus ask for is there to be had, and what the manifests name stands somewhere."""

import json
import pathlib
import re
import shutil
import unittest

import jsonschema
import yaml

from admin_port_test import AdminPortTest
from harness import HERE, PeerTest, free_port, wssgate_program

DOCKER = HERE.parent.parent / "docker"
COMPOSE = DOCKER / "compose"


def loaded(file):
    return yaml.safe_load((COMPOSE / file).read_text())


class Metrics(AdminPortTest):
    @classmethod
    def set_up_class(cls):
        app = cls.backend("ws_app.mjs")
        cls.gate = cls.served({"app.test": [("/", app.port), ("/dead", free_port())]})
        client = cls.start_node_client(cls(), f"wss://app.test:{cls.gate.port}/", ["send", "close 1000 bye"], ["ended"])
        client.process.wait(30)

    def assert_known(self, queries):
        names = {name for query in queries for name in re.findall(r"\b(?:wssgate|process)_[a-z_]+", query)}
        self.assertGreater(len(names), 4)
        text = self.metrics()
        families = set(re.findall(r"(?m)^# TYPE (\S+) ", text))
        histograms = set(re.findall(r"(?m)^# TYPE (\S+) histogram$", text))
        known = families | {name + part for name in histograms for part in ("_bucket", "_sum", "_count")}
        self.assertEqual(names - known, set())

    def test_the_panels_of_grafana(self):
        dashboard = json.loads((COMPOSE / "grafana/dashboards/wssgate.json").read_text())
        self.assert_known(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
        source = loaded("grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]["uid"]
        for panel in dashboard["panels"]:
            self.assertEqual(panel["datasource"]["uid"], source, panel["title"])

    def test_the_alerts(self):
        self.assert_known(rule["expr"] for rule in loaded("alerts.yaml")["groups"][0]["rules"])

    def test_prometheus_reads_them(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool (of Debian's package prometheus) is not installed")
        checked = self.run_program("promtool", "check", "rules", COMPOSE / "alerts.yaml")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        here = pathlib.Path(self.folder) / "prometheus"
        here.mkdir()
        shutil.copy(COMPOSE / "alerts.yaml", here)
        token = here / "token"
        token.write_text("0123456789abcdef\n")
        config = (COMPOSE / "prometheus.yaml").read_text()
        self.assertIn("/secrets/token", config)
        (here / "prometheus.yaml").write_text(config.replace("/secrets/token", str(token)))
        checked = self.run_program("promtool", "check", "config", here / "prometheus.yaml")
        self.assertEqual(checked.returncode, 0, checked.stderr)


class Shape(PeerTest):
    @classmethod
    def set_up_class(cls):
        done = cls.run_program(cls, wssgate_program(), "schema")
        cls.validator = jsonschema.Draft7Validator(json.loads(done.stdout))
        cls.manifests = list(yaml.safe_load_all((DOCKER / "kubernetes/wssgate.yaml").read_text()))

    def manifest(self, kind):
        found, = [each for each in self.manifests if each["kind"] == kind]
        return found

    def assert_valid(self, config):
        self.assertEqual([error.message for error in self.validator.iter_errors(config)], [])

    def ports(self, config):
        return {int(each["address"].rsplit(":", 1)[1]) for each in config["listeners"]} | {
            int(config["admin"]["http"].rsplit(":", 1)[1])}

    def test_the_image(self):
        text = (DOCKER / "Dockerfile").read_text()
        for script in re.findall(r"/src/docker/(\S+)", text):
            self.assertTrue((DOCKER / script).stat().st_mode & 0o100, script)
        user = re.search(r"(?m)^USER (\d+):(\d+)$", text)
        self.assertEqual({user[1], user[2]}, set(re.findall(r"(?m)^user=(\d+)$", (DOCKER / "root-fs.sh").read_text())))

    def test_compose(self):
        compose = loaded("compose.yaml")
        config = loaded("wssgate.yaml")
        self.assert_valid(config)
        services, gate = compose["services"], compose["services"]["wssgate"]
        self.assertLessEqual({int(port.split(":")[-1]) for port in gate["ports"]}, self.ports(config))
        for upstream in config["upstreams"].values():
            for endpoint in upstream["endpoints"]:
                self.assertIn(endpoint.split(":")[0], services)
        target, = loaded("prometheus.yaml")["scrape_configs"][0]["static_configs"][0]["targets"]
        self.assertEqual(target, f"wssgate:{config['admin']['http'].rsplit(':', 1)[1]}")
        for name, service in services.items():
            self.assertLessEqual(set(service.get("depends_on", [])), set(services), name)
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                self.assertTrue(source in compose["volumes"] or (COMPOSE / source).exists(), volume)
            if "build" in service:
                context = COMPOSE / service["build"]["context"]
                self.assertTrue((context / service["build"]["dockerfile"]).is_file(), name)

    def test_kubernetes(self):
        deployment = self.manifest("Deployment")["spec"]
        pod = deployment["template"]
        container, = pod["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}

        config_map = self.manifest("ConfigMap")
        config = yaml.safe_load(config_map["data"]["wssgate.yaml"])
        self.assert_valid(config)
        self.assertEqual(set(ports.values()), self.ports(config))
        self.assertEqual(container["args"][-1], mounts["config"] + "/wssgate.yaml")
        self.assertEqual(volumes["config"]["configMap"]["name"], config_map["metadata"]["name"])
        self.assertEqual(set(mounts), set(volumes))
        self.assertEqual(config["admin"]["token"], mounts["admin-token"] + "/token")
        self.assertEqual(str(pathlib.Path(mounts["chat-tls"]).parent), config["certificates"]["folders"][0])
        # What the program keeps where its root file system is read-only.
        self.assertLessEqual({"/run/wssgate", "/var/cache/wssgate"}, set(mounts.values()))

        for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
            self.assertEqual(container[probe]["httpGet"], {"path": path, "port": "admin"})
        times = [int(config["timeouts"][key].rstrip("s")) for key in ("drain_delay", "drain")]
        self.assertGreater(pod["spec"]["terminationGracePeriodSeconds"], sum(times))
        self.assertGreaterEqual(times[0], 2 * container["readinessProbe"]["periodSeconds"])
        drain = container["lifecycle"]["preStop"]["exec"]["command"]
        self.assertEqual(drain[1:], ["drain", "-c", container["args"][-1]])
        self.assertIn(f'ENTRYPOINT ["{drain[0]}"]', (DOCKER / "Dockerfile").read_text())
        user = re.search(r"(?m)^USER (\d+)", (DOCKER / "Dockerfile").read_text())[1]
        self.assertEqual(pod["spec"]["securityContext"]["runAsUser"], int(user))

        labels = pod["metadata"]["labels"]
        self.assertEqual(deployment["selector"]["matchLabels"], labels)
        service = self.manifest("Service")["spec"]
        self.assertEqual(service["selector"], labels)
        self.assertLessEqual({port["targetPort"] for port in service["ports"]}, set(ports))
        self.assertEqual(self.manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"], labels)


if __name__ == "__main__":
    unittest.main()
