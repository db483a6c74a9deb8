"""wssgate schema: what editors check configurations by says what the loader says."""

import copy
import json
import unittest

import jsonschema
import yaml

from harness import HERE, PeerTest, wssgate_program

CONF = HERE.parent.parent / "conf"

# One change each to a configuration that is good, which makes it one that is not.
FAULTS = {
    "an unknown key": lambda config: config["hosts"][0].update(rotues=[]),
    "an unknown section": lambda config: config.update(defaults={}),
    "a word that is none": lambda config: config["hosts"][0].update(ocsp="always"),
    "a duration without a unit": lambda config: config.update(timeouts={"connect": 3}),
    "a size of a wrong unit": lambda config: config.update(limits={"request_head": "32kB"}),
    "a number out of range": lambda config: config.update(limits={"header_fields": 7}),
    "a text for a number": lambda config: config.update(limits={"connections": "many"}),
    "no address": lambda config: config["listeners"].append({"redirect_to_https": True}),
    "no listeners": lambda config: config.update(listeners=[]),
    "no hosts": lambda config: config.pop("hosts"),
    "neither routes nor passthrough": lambda config: config["hosts"][0].pop("routes"),
    "a list for a mapping": lambda config: config.update(upstreams=[{"endpoints": ["127.0.0.1:1"]}]),
    "a mapping for a list": lambda config: config["hosts"][0].update(names={"a": 1}),
    "no endpoints": lambda config: config["upstreams"]["chat"].update(endpoints=[]),
}


class Schema(PeerTest):
    @classmethod
    def set_up_class(cls):
        done = cls.run_program(cls, wssgate_program(), "schema")
        cls.schema = json.loads(done.stdout)
        jsonschema.Draft7Validator.check_schema(cls.schema)
        cls.validator = jsonschema.Draft7Validator(cls.schema)

    def assert_valid(self, config, name):
        problems = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in self.validator.iter_errors(config)]
        self.assertEqual(problems, [], name)

    def test_every_file_in_conf(self):
        files = sorted(CONF.rglob("*.yaml"))
        self.assertGreater(len(files), 7)
        for file in files:
            self.assert_valid(yaml.safe_load(file.read_text()), file)

    def test_what_it_refuses_the_loader_refuses_too(self):
        good = yaml.safe_load((CONF / "simple.yaml").read_text())
        self.assert_valid(good, "simple.yaml")
        for name, spoil in FAULTS.items():
            bad = copy.deepcopy(good)
            spoil(bad)
            self.assertFalse(self.validator.is_valid(bad), name)
            file = f"{self.folder}/{name}.yaml"
            with open(file, "w") as out:
                yaml.safe_dump(bad, out, sort_keys=False)
            done = self.run_program(wssgate_program(), "check", "--json", "-c", file)
            found = [each for each in json.loads(done.stdout)["problems"] if each.get("file") == file]
            self.assertTrue(found, name)

    def test_values_from_the_environment(self):
        config = yaml.safe_load((CONF / "simple.yaml").read_text())
        config["limits"] = {"connections": "${MOST}", "request_head": "${HEAD:-32KiB}"}
        config["workers"] = "${WORKERS}"
        self.assert_valid(config, "values from the environment")

    def test_every_key_is_described(self):
        def walk(schema, path):
            for name, key in schema.get("properties", {}).items():
                self.assertTrue(key["description"].endswith("."), f"{path}/{name}")
                self.assertTrue(key["examples"][0], f"{path}/{name}")
            for part in [*schema.get("properties", {}).values(), *schema.get("anyOf", []),
                         *[schema[inner] for inner in ("items", "additionalProperties") if isinstance(schema.get(inner), dict)]]:
                walk(part, path + "/…")
        walk(self.schema, "")


if __name__ == "__main__":
    unittest.main()
