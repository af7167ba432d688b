import json
import unittest

from shop import VERSION, answer


class TheShop(unittest.TestCase):
    def test_health_names_the_version(self):
        status, _, body = answer("/health", "")
        self.assertEqual((status, json.loads(body)["version"]), (200, VERSION))

    def test_its_page_is_there(self):
        self.assertEqual(answer("/", "")[0], 200)

    def test_no_other_page_is(self):
        self.assertEqual(answer("/nothing", "")[0], 404)
