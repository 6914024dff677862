export default function JacobianPanel() {
  return null;
}
