// Compile every Python source below a folder, in place; Node runs this with a CPython in WebAssembly.
//
//     node bytecode.mjs COMPILER FOLDER DEPLOYED_PATH PYTHON_VERSION
//
// Sources are seen under the path that they will have in Lambda, so that code objects name it already.
// One process, files in order of their names, a fixed hash seed: which constants a code object shares
// depends on what was compiled before it, and so is the same everywhere.

import { pathToFileURL } from "node:url";

const [compiler, folder, deployedPath, version] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${compiler}/pyodide.mjs`));
const python = await loadPyodide({ env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0" } });
python.mountNodeFS(deployedPath, folder);
python.runPython(
  `
import compileall, sys, warnings
from py_compile import PycInvalidationMode

warnings.simplefilter("ignore")
if "%d.%d" % sys.version_info[:2] != version:
    raise RuntimeError("Python %s is needed, this is %s" % (version, sys.version))
if not compileall.compile_dir(
    path, quiet=1, force=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
):
    raise RuntimeError("Some sources do not compile")
`,
  { globals: python.toPy({ path: deployedPath, version }) },
);
