// The tab For programs: examples with the address of this server.

import { $ } from "./dom.js";

export function startPrograms() {
  const { origin } = location;
  $("curl-mask").textContent = `curl -F image=@street.jpg ${origin}/api/mask -o mask.png`;
  $("curl-json").textContent = `curl -F image=@street.jpg -F size=trained ${origin}/api/segment`;
  $("python").textContent = `import segnet
result = segnet.load("camvid-lite").predict("street.jpg")
print(result.shares)`;
  $("requests").textContent = `import requests
answer = requests.post("${origin}/api/segment", files={"image": open("street.jpg", "rb")}).json()
print({row["name"]: row["share"] for row in answer["classes"]})`;
}
