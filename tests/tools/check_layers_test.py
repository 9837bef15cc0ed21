"""The layer checker names each kind of bad include, by file and line, and nothing else."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check_layers  # noqa: E402

LAYERS = """
top            # a comment
left right
bottom

only left includes engine
bottom is only for top left
"""


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.src = Path(folder.name)
        self.write("layers.txt", LAYERS)

    def write(self, name: str, text: str):
        path = self.src / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def problems(self) -> list[str]:
        return check_layers.check_tree(self.src)

    def test_downward_own_and_system_includes_are_fine(self):
        self.write("top/a.cc", '#include "top/a.h"\n#include <vector>\n#include "left/b.h"\n')
        self.write("left/internal/c.h", '#include "left/internal/d.h"\n#include "engine.hpp"\n')
        self.assertEqual(self.problems(), [])

    def test_an_include_that_points_up_is_named_with_its_line(self):
        self.write("bottom/a.h", '// text\n#include "top/a.h"\n')
        self.assertEqual(
            self.problems(),
            ["src/bottom/a.h:2: top/a.h: points up: bottom may not include top"],
        )

    def test_an_include_that_points_sideways_is_named(self):
        self.write("left/a.h", '#  include "right/a.h"\n')
        self.assertIn("points sideways", self.problems()[0])

    def test_an_internal_header_stays_in_its_module(self):
        self.write("top/a.cc", '#include "left/internal/c.h"\n')
        self.assertIn("an internal header of left", self.problems()[0])

    def test_a_library_of_one_module_is_refused_elsewhere_in_either_spelling(self):
        self.write("top/a.cc", '#include <engine.hpp>\n#include "engine/parser.hpp"\n')
        self.assertEqual(len([p for p in self.problems() if "only left may include" in p]), 2)

    def test_a_module_reserved_for_others_is_refused(self):
        self.write("right/a.cc", '#include "bottom/a.h"\n')
        self.assertIn("bottom is not for right", self.problems()[0])

    def test_a_path_without_its_module_is_refused(self):
        self.write("left/a.cc", '#include "a.h"\n')
        self.assertIn("not of the form", self.problems()[0])

    def test_a_folder_missing_from_the_diagram_is_named(self):
        self.write("stray/a.cc", "")
        self.assertEqual(self.problems(), ["src/stray: not in layers.txt"])


if __name__ == "__main__":
    unittest.main()
