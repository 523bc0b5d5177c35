// The tab For programs: examples with this server's own address.

import { $ } from "./dom.js";

export function startPrograms() {
  const { origin } = location;
  $("curl-mask").textContent = `curl -F image=@street.jpg ${origin}/api/mask -o mask.png`;
  $("curl-json").textContent = `curl -F image=@street.jpg -F size=trained ${origin}/api/segment`;
  $("python").textContent = `import json, urllib.request, uuid

boundary = uuid.uuid4().hex
with open("street.jpg", "rb") as file:
    body = (
        f'--{boundary}\\r\\nContent-Disposition: form-data; name="image"; filename="street.jpg"\\r\\n\\r\\n'.encode()
        + file.read()
        + f"\\r\\n--{boundary}--\\r\\n".encode()
    )
request = urllib.request.Request(
    "${origin}/api/segment", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
)
with urllib.request.urlopen(request) as response:
    for row in json.load(response)["classes"]:
        print(f"{row['name']:12} {row['share']:.1%}")`;
}
