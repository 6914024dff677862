export default function GradientsPanel() {
  return null;
}
