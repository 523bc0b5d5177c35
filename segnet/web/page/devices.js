// The camera.

// Shows the camera in a video element, and resolves to a function that switches it off.
export async function openCamera(video) {
  if (!navigator.mediaDevices) {
    throw new Error("Browsers give a page the camera on this machine only, or over HTTPS: open it at http://127.0.0.1.");
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, facingMode: "environment" } });
  } catch (error) {
    throw new Error(error.name === "NotAllowedError" ? "The browser was not allowed to use the camera. Allow it at the sign beside the address (a camera, a lock or two sliders), then try again." : "No camera was found.");
  }
  video.srcObject = stream;
  await video.play();
  return () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
