export default function ProfilerPanel() {
  return null;
}
